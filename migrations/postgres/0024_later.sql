-- When a mail is to leave that is not to leave at once.
ALTER TABLE message ADD COLUMN send_at BIGINT;
