-- The server that a tenant's mail is handed to, instead of the service's own way: its address and what logs in there, sealed.
CREATE TABLE relay (
    tenant_id  TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    changed_at BIGINT NOT NULL,
    sealed     BYTEA  NOT NULL
);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE relay ENABLE ROW LEVEL SECURITY;
    ALTER TABLE relay FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON relay USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON relay TO mailward_service;
    END IF;
END
$$;
