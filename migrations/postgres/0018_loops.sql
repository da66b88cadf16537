-- An inbox that ping-pongs is quiet: nobody is told of mail after `quiet_after` until somebody wakes it. Once woken,
-- `quiet_after` is the place behind which mail counts again.
ALTER TABLE inbox ADD COLUMN quiet_since BIGINT;
ALTER TABLE inbox ADD COLUMN quiet_reason TEXT;
ALTER TABLE inbox ADD COLUMN quiet_after BIGINT NOT NULL DEFAULT 0;

-- One author's latest mails to one inbox.
CREATE INDEX message_pair ON message (tenant_id, inbox_id, from_digest, received_at) WHERE from_digest IS NOT NULL;
DROP INDEX message_author;
