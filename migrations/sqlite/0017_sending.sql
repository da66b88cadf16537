-- Mail that goes. How a whole mail fares stands beside it, in the words of the HTTP contract; none of inbound mail.
ALTER TABLE message ADD COLUMN status TEXT
    CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'deferred', 'bounced', 'failed', 'cancelled', 'held'));

-- The token bucket of sent mail, in microseconds, as `arrival` is that of received mail.
ALTER TABLE use_level ADD COLUMN departure BIGINT NOT NULL DEFAULT 0;

-- Whom a mail goes to, copies too, and how it fares with each. Addresses and what a server answered are sealed.
CREATE TABLE recipient (
    tenant_id  TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    no         BIGINT NOT NULL,
    status     TEXT   NOT NULL
        CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'deferred', 'bounced', 'failed', 'cancelled', 'held')),
    changed_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL,
    answer     BLOB,
    PRIMARY KEY (tenant_id, message_id, no),
    FOREIGN KEY (tenant_id, message_id) REFERENCES message (tenant_id, id)
) WITHOUT ROWID;

-- Whom an inbox has written to, as keyed digests, and since which day: who is none of them is written to for the first time.
CREATE TABLE correspondent (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    digest    BLOB   NOT NULL,
    first_day BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, digest)
) WITHOUT ROWID;
CREATE INDEX correspondent_day ON correspondent (tenant_id, inbox_id, first_day);
