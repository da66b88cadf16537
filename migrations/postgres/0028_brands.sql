-- Under whose name a tenant's people see the service. The host at which they come in stands in clear: DNS shows it to everybody,
-- and it is looked up before it is known who asks. Name, colours, link and logo are one sealed record.
CREATE TABLE brand (
    tenant_id  TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    host       TEXT,
    changed_at BIGINT NOT NULL,
    sealed     BYTEA  NOT NULL
);
-- Unique over all tenants: people come in at one door.
CREATE UNIQUE INDEX brand_host ON brand (host) WHERE host IS NOT NULL;

-- Who has a brand and at which host: asked as a whole every few seconds, so that a name nobody has costs no question. What a
-- brand says is read under its tenant alone.
CREATE FUNCTION mw_brands()
RETURNS TABLE (tenant_id TEXT, region TEXT, host TEXT, changed_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT b.tenant_id, t.region, b.host, b.changed_at FROM brand b JOIN tenant t ON t.id = b.tenant_id
$$;

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    signature TEXT := 'mw_brands()';
BEGIN
    ALTER TABLE brand ENABLE ROW LEVEL SECURITY;
    ALTER TABLE brand FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON brand USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY definer ON brand FOR SELECT TO %I USING (true)', definer);
    -- Not what is sealed.
    EXECUTE format('GRANT SELECT (tenant_id, host, changed_at) ON brand TO %I', definer);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON brand TO mailward_service;
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailward_service', signature);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        -- A new owner must be able to create where its function lies; only for this moment.
        GRANT USAGE, CREATE ON SCHEMA public TO mailward_definer;
        EXECUTE format('ALTER FUNCTION %s OWNER TO mailward_definer', signature);
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
