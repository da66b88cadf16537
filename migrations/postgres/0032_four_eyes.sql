-- That somebody released a held mail that two must release: it waits on for the second, who must be another. The reason, and
-- until when the sender is to be let through, are sealed.
CREATE TABLE approval (
    tenant_id   TEXT   NOT NULL REFERENCES tenant (id),
    message_id  TEXT   NOT NULL,
    approved_by TEXT   NOT NULL,
    approved_at BIGINT NOT NULL,
    sealed      BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE approval ENABLE ROW LEVEL SECURITY;
    ALTER TABLE approval FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON approval USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON approval TO mailward_service;
    END IF;
END
$$;
