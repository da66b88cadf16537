-- When people decided on held mail, and how long it had waited: read without looking at any other mail.
CREATE INDEX message_decided ON message (tenant_id, decided_at, received_at) WHERE decided_at IS NOT NULL;
