-- Which master key is used for new wraps is written here and not in anybody's file: several processes must agree on it,
-- and a key may only go when no row needs it any more.

CREATE TABLE master_key (
    id         TEXT   NOT NULL PRIMARY KEY,
    state      TEXT   NOT NULL CHECK (state IN ('current', 'retiring', 'destroyed')),
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE UNIQUE INDEX master_key_current ON master_key (state) WHERE state = 'current';

-- A rotation and how far it is. `tenant_id` is empty where it concerns no single tenant; `target` is the master key that
-- was switched to. The lease and its fence let one process work on it at a time, and another go on when it died.
CREATE TABLE rotation (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL CHECK (kind IN ('master', 'tenant', 'tenants')),
    tenant_id   TEXT   NOT NULL,
    reencrypt   BIGINT NOT NULL,
    keep_old    BIGINT NOT NULL,
    target      TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    tenants     BIGINT NOT NULL,
    keys        BIGINT NOT NULL,
    messages    BIGINT NOT NULL,
    detail      TEXT   NOT NULL,
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    fence       BIGINT NOT NULL
);
CREATE UNIQUE INDEX rotation_running ON rotation (kind, tenant_id) WHERE state = 'running';

CREATE INDEX tenant_key_master ON tenant_key (mk_id);
