-- What agents took from mail: when a code of it was handed out first, and when its facts were asked for first. Mail from
-- before this has neither. And a way to an inbox' held mail, for codes that its policy lets out while their mail is held.
ALTER TABLE message ADD COLUMN code_read_at BIGINT;
ALTER TABLE message ADD COLUMN extracted_at BIGINT;
CREATE INDEX message_held_inbox ON message (tenant_id, inbox_id, received_at) WHERE state = 'held';
