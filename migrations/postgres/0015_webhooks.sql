-- How an endpoint stands: whether it was ever verified, which of its jobs tries it while the others wait, since when
-- it fails, and why it was switched off. Endpoints from before this count as verified.
ALTER TABLE webhook ADD COLUMN unverified BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN echoes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN probe_job TEXT;
ALTER TABLE webhook ADD COLUMN failing_since BIGINT;
ALTER TABLE webhook ADD COLUMN disabled_at BIGINT;
ALTER TABLE webhook ADD COLUMN disabled_why TEXT;

-- When a job that waits for its endpoint would be due without that.
ALTER TABLE job ADD COLUMN parked_due BIGINT;

-- Each call that was made to an endpoint. What it said is sealed.
CREATE TABLE webhook_attempt (
    tenant_id  TEXT   NOT NULL REFERENCES tenant (id),
    webhook_id TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    event_id   TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    attempt    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    status     BIGINT,
    latency_ms BIGINT NOT NULL,
    outcome    TEXT   NOT NULL,
    next_at    BIGINT,
    sealed     BYTEA,
    PRIMARY KEY (tenant_id, webhook_id, id)
);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;
    ALTER TABLE webhook_attempt FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON webhook_attempt USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_attempt TO mailward_service;
    END IF;
END
$$;
