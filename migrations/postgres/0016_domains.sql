-- Domains that tenants bring. Any tenant may claim any; who proved by DNS that it is theirs holds it, and a name has one
-- holder. `held_since` is set while that proof stands, and for some days after it was lost. `seen_at` is when it was last seen.
-- What was found in DNS, and the signing key, are sealed.
CREATE TABLE domain (
    tenant_id    TEXT   NOT NULL REFERENCES tenant (id),
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('pending_verification', 'verified', 'failed')),
    held_since   BIGINT,
    failed_since BIGINT,
    seen_at      BIGINT,
    checked_at   BIGINT,
    created_at   BIGINT NOT NULL,
    signing_key  BYTEA  NOT NULL,
    found        BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX domain_claim ON domain (tenant_id, name);
-- Unique over all tenants: of two that prove at once, one holds it.
CREATE UNIQUE INDEX domain_holder ON domain (name) WHERE held_since IS NOT NULL;

-- The domain an inbox is at, where a tenant brought it. Its mail is taken only while the tenant holds that domain.
ALTER TABLE inbox ADD COLUMN domain_id TEXT;
CREATE INDEX inbox_domain ON inbox (tenant_id, domain_id) WHERE domain_id IS NOT NULL;

-- Only who owns a function may drop it, and the owner of the tables does not inherit from who owns the functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'mw_route' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = 'mailward_definer')) THEN
        SET LOCAL ROLE mailward_definer;
    END IF;
    DROP FUNCTION mw_route;
    RESET ROLE;
END
$$;

CREATE FUNCTION mw_route(wanted TEXT)
RETURNS TABLE (tenant_id TEXT, region TEXT, state TEXT, state_since BIGINT, inbox_id TEXT, paused_at BIGINT, expires_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.region, t.state, t.state_since, i.id, i.paused_at, i.expires_at FROM address a
    JOIN inbox i ON i.tenant_id = a.tenant_id AND i.id = a.inbox_id JOIN tenant t ON t.id = a.tenant_id
    WHERE a.canonical = wanted AND i.deleted_at IS NULL
    AND (i.domain_id IS NULL OR EXISTS (SELECT 1 FROM domain d
        WHERE d.tenant_id = i.tenant_id AND d.id = i.domain_id AND d.held_since IS NOT NULL))
$$;

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    signature TEXT := 'mw_route(TEXT)';
BEGIN
    ALTER TABLE domain ENABLE ROW LEVEL SECURITY;
    ALTER TABLE domain FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON domain USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY definer ON domain FOR SELECT TO %I USING (true)', definer);
    EXECUTE format('GRANT SELECT ON domain TO %I', definer);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON domain TO mailward_service;
    END IF;
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
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
