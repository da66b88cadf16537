-- Who did what, in a chain of hashes for each tenant and one for the service itself, whose rows say '~system' (no slug
-- can). A row is written in the transaction of the act it tells of, and never changed: the triggers refuse.

CREATE TABLE audit (
    tenant_id  TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL CHECK (actor_kind IN ('key', 'operator', 'service', 'sender')),
    actor      TEXT,
    action     TEXT   NOT NULL,
    object     TEXT,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    request_id TEXT,
    network    TEXT,
    detail     TEXT   NOT NULL,
    sealed     BYTEA,
    prev       BYTEA  NOT NULL,
    hash       BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;

-- The end of each chain: where the next row joins, and what a checkpoint signs.
CREATE TABLE audit_head (
    tenant_id  TEXT   NOT NULL PRIMARY KEY,
    seq        BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    checkpoint BIGINT NOT NULL
);
CREATE INDEX audit_head_new ON audit_head (tenant_id) WHERE checkpoint < seq;

-- Signed notes over the heads. `leaves` are the heads that a note adds, a line each; `size` and `edge` are the tree it
-- signs; `note` is what was shipped out.
CREATE TABLE checkpoint (
    number     BIGINT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    size       BIGINT NOT NULL,
    edge       BYTEA  NOT NULL,
    leaves     TEXT   NOT NULL,
    note       TEXT   NOT NULL
);
