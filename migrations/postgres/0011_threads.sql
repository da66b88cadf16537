-- What belongs together: keyed digests of a mail's Message-ID and of its thread, and ways to a thread's newest mails and
-- to whether an author wrote to an inbox before. Mail from before this has neither.
ALTER TABLE message ADD COLUMN message_id_digest BYTEA;
ALTER TABLE message ADD COLUMN thread_digest BYTEA;
CREATE INDEX message_message_id ON message (tenant_id, inbox_id, message_id_digest) WHERE message_id_digest IS NOT NULL;
CREATE INDEX message_thread ON message (tenant_id, inbox_id, thread_digest, id) WHERE thread_digest IS NOT NULL;
CREATE INDEX message_author ON message (tenant_id, inbox_id, from_digest) WHERE from_digest IS NOT NULL;
