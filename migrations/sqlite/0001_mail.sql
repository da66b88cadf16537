-- Everything of one tenant begins its key with the tenant: no statement can reach a neighbour's row by an id alone.
-- Plain columns are ids, times, sizes, counts, states and the routing address; what a sender or agent wrote is sealed.

CREATE TABLE tenant (
    id               TEXT   NOT NULL PRIMARY KEY,
    region           TEXT   NOT NULL,
    plan             TEXT   NOT NULL,
    state            TEXT   NOT NULL CHECK (state IN ('active', 'suspended', 'importing', 'exporting', 'grace', 'shredded', 'purged')),
    state_since      BIGINT NOT NULL,
    token_generation BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    last_active_at   BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE inbox (
    tenant_id     TEXT   NOT NULL REFERENCES tenant (id),
    id            TEXT   NOT NULL,
    address       TEXT   NOT NULL,
    domain        TEXT   NOT NULL,
    is_active     BIGINT NOT NULL,
    paused_at     BIGINT,
    next_seq      BIGINT NOT NULL,
    email_count   BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    deleted_at    BIGINT,
    client_digest BLOB,
    profile       BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX inbox_client ON inbox (tenant_id, client_digest) WHERE client_digest IS NOT NULL AND deleted_at IS NULL;

CREATE INDEX inbox_deleted ON inbox (deleted_at) WHERE deleted_at IS NOT NULL;

-- The one table keyed without a tenant: where mail for an address goes.
CREATE TABLE address (
    canonical  TEXT   NOT NULL PRIMARY KEY,
    skeleton   TEXT   NOT NULL,
    tenant_id  TEXT   NOT NULL,
    inbox_id   TEXT   NOT NULL,
    FOREIGN KEY (tenant_id, inbox_id) REFERENCES inbox (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX address_skeleton ON address (skeleton);
CREATE INDEX address_inbox ON address (tenant_id, inbox_id);

-- A keyed digest of each address ever issued: none is issued twice, whoever had it.
CREATE TABLE tombstone (
    digest     BLOB   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE message (
    tenant_id       TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    inbox_id        TEXT   NOT NULL,
    seq             BIGINT,
    direction       TEXT   NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    state           TEXT   NOT NULL CHECK (state IN ('delivered', 'held', 'rejected')),
    version         BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,
    available_at    BIGINT,
    decided_at      BIGINT,
    decided_by      TEXT,
    decided_reason  BLOB,
    size            BIGINT NOT NULL,
    level           TEXT   NOT NULL,
    score           BIGINT NOT NULL,
    model           TEXT   NOT NULL,
    is_read         BIGINT NOT NULL,
    has_attachments BIGINT NOT NULL,
    is_automated    BIGINT NOT NULL,
    key_version     BIGINT NOT NULL,
    dek             BLOB   NOT NULL,
    from_digest     BLOB,
    delivery_digest BLOB,
    armed           BIGINT NOT NULL,
    armed_at        BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, inbox_id) REFERENCES inbox (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX message_seq ON message (tenant_id, inbox_id, seq);
CREATE UNIQUE INDEX message_armed ON message (tenant_id, delivery_digest) WHERE armed = 1;
CREATE INDEX message_held ON message (tenant_id, id) WHERE state = 'held';
CREATE INDEX message_armed_at ON message (armed_at) WHERE armed = 1;

CREATE TABLE part (
    tenant_id  TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('raw', 'parsed', 'meta')),
    no         BIGINT NOT NULL,
    bytes      BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, message_id, kind, no),
    FOREIGN KEY (tenant_id, message_id) REFERENCES message (tenant_id, id)
);

CREATE TABLE event (
    tenant_id  TEXT   NOT NULL REFERENCES tenant (id),
    id         TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    inbox_id   TEXT,
    message_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;

CREATE TABLE webhook (
    tenant_id    TEXT   NOT NULL REFERENCES tenant (id),
    id           TEXT   NOT NULL,
    inbox_id     TEXT,
    events       TEXT   NOT NULL,
    include      TEXT   NOT NULL CHECK (include IN ('ids', 'summary', 'body')),
    is_active    BIGINT NOT NULL,
    failures     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    sealed       BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;

-- The queue. A lease is a row's: `fence` grows with each claim, and a worker whose fence is old changes nothing.
CREATE TABLE job (
    tenant_id   TEXT   NOT NULL REFERENCES tenant (id),
    id          TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    event_id    TEXT,
    webhook_id  TEXT,
    state       TEXT   NOT NULL CHECK (state IN ('open', 'dead')),
    due_at      BIGINT NOT NULL,
    fence       BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    last_status BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX job_due ON job (due_at) WHERE state = 'open';
CREATE INDEX job_webhook ON job (tenant_id, webhook_id);

CREATE TABLE api_key (
    tenant_id      TEXT   NOT NULL REFERENCES tenant (id),
    keyid          TEXT   NOT NULL,
    inbox_id       TEXT,
    kind           TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    name           BLOB,
    verifier       BLOB   NOT NULL,
    pepper_version BIGINT NOT NULL,
    last4          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT,
    expires_at     BIGINT,
    last_used_at   BIGINT,
    revoked_at     BIGINT,
    PRIMARY KEY (tenant_id, keyid)
) WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_keyid ON api_key (keyid);

CREATE TABLE operator_key (
    keyid          TEXT   NOT NULL PRIMARY KEY,
    verifier       BLOB   NOT NULL,
    pepper_version BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    revoked_at     BIGINT
) WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant_id      TEXT   NOT NULL REFERENCES tenant (id),
    key_digest     BLOB   NOT NULL,
    request_digest BLOB   NOT NULL,
    result_id      TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_digest)
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);
