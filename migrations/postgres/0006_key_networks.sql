-- Networks a key may be used from, as CIDRs with spaces between; NULL is anywhere.
ALTER TABLE api_key ADD COLUMN networks TEXT;

-- Only who owns a function may drop it, and the owner of the tables does not inherit from who owns the functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'mw_key' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = 'mailward_definer')) THEN
        SET LOCAL ROLE mailward_definer;
    END IF;
    DROP FUNCTION mw_key(TEXT);
    RESET ROLE;
END
$$;
CREATE FUNCTION mw_key(wanted TEXT)
RETURNS TABLE (tenant_id TEXT, region TEXT, state TEXT, inbox_id TEXT, scopes TEXT, verifier BYTEA, expires_at BIGINT,
    last_used_at BIGINT, networks TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, t.region, t.state, k.inbox_id, k.scopes, k.verifier, k.expires_at, k.last_used_at, k.networks
    FROM api_key k JOIN tenant t ON t.id = k.tenant_id WHERE k.keyid = wanted AND k.revoked_at IS NULL
$$;
REVOKE ALL ON FUNCTION mw_key(TEXT) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT EXECUTE ON FUNCTION mw_key(TEXT) TO mailward_service;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        GRANT CREATE ON SCHEMA public TO mailward_definer;
        ALTER FUNCTION mw_key(TEXT) OWNER TO mailward_definer;
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
