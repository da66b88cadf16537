-- Tenants that leave or left: until when they may come back, and the signed receipt of their end. The row outlives all
-- others of the tenant but its name and its audit chain; it holds counts, key ids and times.

CREATE TABLE leaving (
    tenant_id     TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    begun_at      BIGINT NOT NULL,
    begun_by      TEXT   NOT NULL,
    was_suspended BIGINT NOT NULL,
    grace_days    BIGINT NOT NULL,
    grace_until   BIGINT,
    renew_master  BIGINT NOT NULL,
    draft         TEXT,
    receipt       TEXT
) WITHOUT ROWID;
CREATE INDEX tenant_ending ON tenant (state_since) WHERE state IN ('importing', 'grace', 'shredded');
