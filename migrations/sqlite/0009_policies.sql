-- What a tenant chose about its gate: a row for each version, the whole tenant's with an empty inbox_id. Senders and
-- phrases are what somebody wrote, so they are sealed.
CREATE TABLE policy (
    tenant_id  TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id   TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    sealed     BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, version)
) WITHOUT ROWID;

-- Senders that a reviewer let through for some time: a keyed digest to find one by, the address itself sealed.
CREATE TABLE allowed_sender (
    tenant_id     TEXT   NOT NULL REFERENCES tenant (id),
    id            TEXT   NOT NULL,
    inbox_id      TEXT   NOT NULL,
    sender_digest BLOB   NOT NULL,
    sealed        BLOB   NOT NULL,
    message_id    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    created_by    TEXT   NOT NULL,
    until         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX allowed_sender_digest ON allowed_sender (tenant_id, inbox_id, sender_digest);

-- What a person decided on a held mail and what the scorer had said of it: names of rules and numbers, no text. It
-- outlives the mail, to train by.
CREATE TABLE decision (
    tenant_id     TEXT   NOT NULL REFERENCES tenant (id),
    message_id    TEXT   NOT NULL,
    inbox_id      TEXT   NOT NULL,
    decision      TEXT   NOT NULL CHECK (decision IN ('release', 'reject')),
    decided_at    BIGINT NOT NULL,
    decided_by    TEXT   NOT NULL,
    level         TEXT   NOT NULL,
    score         BIGINT NOT NULL,
    model         TEXT   NOT NULL,
    findings      TEXT   NOT NULL,
    dmarc         TEXT   NOT NULL,
    domain_digest BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
) WITHOUT ROWID;

CREATE INDEX message_held_since ON message (received_at) WHERE state = 'held';
