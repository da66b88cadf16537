-- People who sign in at the console: a tenant's own, and the operator's staff, whose rows say `~system` where a tenant's
-- say its slug. What they are called, their address, password and second factor are one sealed record.
-- `code_step` is the last step of the second factor that was used: a code is good once.
CREATE TABLE person (
    tenant_id  TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    role       TEXT   NOT NULL CHECK (role IN ('viewer', 'reviewer', 'admin')),
    state      TEXT   NOT NULL CHECK (state IN ('invited', 'active', 'removed')),
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    seen_at    BIGINT,
    code_step  BIGINT NOT NULL,
    failures   BIGINT NOT NULL,
    failed_at  BIGINT NOT NULL,
    sealed     BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;

-- What finds a person before it is known whose she is: a keyed digest of her address within her organisation, of an
-- invitation, of a session. Never the thing itself.
CREATE TABLE entry (
    tenant_id  TEXT   NOT NULL,
    digest     BLOB   NOT NULL,
    person_id  TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('address', 'invitation', 'half', 'session')),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, digest)
) WITHOUT ROWID;
CREATE UNIQUE INDEX entry_digest ON entry (digest);
CREATE INDEX entry_person ON entry (tenant_id, person_id);

-- A reviewer's decision that may still be taken back: it is carried out by a job when it is due, unless it is gone. The
-- reason, and until when the sender is let through, are sealed.
CREATE TABLE pending_decision (
    tenant_id  TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    decision   TEXT   NOT NULL CHECK (decision IN ('release', 'reject')),
    decided_by TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    sealed     BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
) WITHOUT ROWID;
