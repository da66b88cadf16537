-- The wrapped keys, in a database of their own: deleting a row here makes a tenant's mail unreadable everywhere.
-- One text for both engines; SQLite takes BYTEA for a name without meaning and stores bytes as bytes.

CREATE TABLE tenant_key (
    tenant_id  TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    region     TEXT   NOT NULL,
    mk_id      TEXT   NOT NULL,
    wrapped    BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE purpose_key (
    tenant_id   TEXT   NOT NULL,
    purpose     TEXT   NOT NULL,
    key_version BIGINT NOT NULL,
    wrapped     BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, purpose)
);

CREATE TABLE service_key (
    name       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    mk_id      TEXT   NOT NULL,
    wrapped    BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);
