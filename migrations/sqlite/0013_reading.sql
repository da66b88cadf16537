-- What agents see of threads is read out of the messages themselves: its delivered mails in their order, the first of
-- which names it. Held mail has no place there.
CREATE INDEX message_thread_place ON message (tenant_id, inbox_id, thread_digest, seq)
    WHERE state = 'delivered' AND thread_digest IS NOT NULL;

-- The way of a search over all inboxes of a tenant, newest first.
CREATE INDEX message_available ON message (tenant_id, available_at, id) WHERE state = 'delivered';

-- When it was told that an inbox' time was over. Its mail stays for a while.
ALTER TABLE inbox ADD COLUMN expired_at BIGINT;

-- What happened in a day beside what came in: of each inbox and, with an empty inbox_id, of the whole tenant. Written in
-- the transaction of the act.
CREATE TABLE use_act (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    times     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, day, act)
) WITHOUT ROWID;
CREATE INDEX use_act_old ON use_act (day) WHERE inbox_id <> '';
