-- The second lock: even a statement that forgets its tenant sees one tenant's rows, those of the transaction's
-- `mailward.tenant`, and none when nothing is set. Forced, so that it binds the owner of the tables too.
--
-- The few questions that must be asked before the tenant is known are functions. They run as a role that cannot log in,
-- with policies of its own, and each answers one question; the service may call them and nothing else.

DO $$
DECLARE
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    own TEXT;
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenant', 'inbox', 'address', 'message', 'part', 'event', 'webhook', 'job', 'api_key', 'idempotency']
    LOOP
        own := format('%s = nullif(current_setting(''mailward.tenant'', true), '''')',
            CASE name WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', name, own, own);
    END LOOP;
    -- What the functions need, and no more.
    FOREACH name IN ARRAY ARRAY['tenant', 'inbox', 'address', 'message', 'job', 'api_key', 'idempotency']
    LOOP
        EXECUTE format('CREATE POLICY definer ON %I TO %I USING (true) WITH CHECK (true)', name, definer);
        EXECUTE format('GRANT SELECT ON %I TO %I', name, definer);
    END LOOP;
    EXECUTE format('GRANT UPDATE ON message, job TO %I', definer);
    EXECUTE format('GRANT DELETE ON idempotency TO %I', definer);
END
$$;

CREATE FUNCTION mw_route(wanted TEXT)
RETURNS TABLE (tenant_id TEXT, region TEXT, state TEXT, state_since BIGINT, inbox_id TEXT, paused_at BIGINT, expires_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.region, t.state, t.state_since, i.id, i.paused_at, i.expires_at FROM address a
    JOIN inbox i ON i.tenant_id = a.tenant_id AND i.id = a.inbox_id JOIN tenant t ON t.id = a.tenant_id
    WHERE a.canonical = wanted AND i.deleted_at IS NULL
$$;

CREATE FUNCTION mw_key(wanted TEXT)
RETURNS TABLE (tenant_id TEXT, region TEXT, state TEXT, inbox_id TEXT, scopes TEXT, verifier BYTEA, expires_at BIGINT, last_used_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, t.region, t.state, k.inbox_id, k.scopes, k.verifier, k.expires_at, k.last_used_at
    FROM api_key k JOIN tenant t ON t.id = k.tenant_id WHERE k.keyid = wanted AND k.revoked_at IS NULL
$$;

CREATE FUNCTION mw_looks_like(wanted TEXT) RETURNS BIGINT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT COUNT(*) FROM (SELECT 1 FROM address WHERE skeleton = wanted LIMIT 1) AS found
$$;

CREATE FUNCTION mw_tenants(behind TEXT, most BIGINT)
RETURNS TABLE (id TEXT, region TEXT, plan TEXT, state TEXT, created_at BIGINT, last_active_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.region, t.plan, t.state, t.created_at, t.last_active_at FROM tenant t
    WHERE t.id > behind ORDER BY t.id LIMIT most
$$;

CREATE FUNCTION mw_claim(present BIGINT, lease_end BIGINT, most BIGINT, without TEXT, share BIGINT)
RETURNS TABLE (tenant_id TEXT, region TEXT, id TEXT, kind TEXT, event_id TEXT, webhook_id TEXT, attempts BIGINT, fence BIGINT, created_at BIGINT)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE job j SET due_at = lease_end, fence = j.fence + 1, attempts = j.attempts + 1
    WHERE (j.tenant_id, j.id) IN (
        -- Other workers' rows are stepped over, not waited for.
        SELECT f.tenant_id, f.id FROM job f WHERE f.state = 'open' AND f.due_at <= present AND (f.tenant_id, f.id) IN (
            SELECT w.tenant_id, w.id FROM (
                SELECT q.tenant_id, q.id, q.due_at, ROW_NUMBER() OVER (PARTITION BY q.tenant_id ORDER BY q.due_at) AS turn
                FROM job q WHERE q.state = 'open' AND q.due_at <= present AND without NOT LIKE '%,' || q.tenant_id || ',%'
            ) AS w WHERE w.turn <= share ORDER BY w.due_at LIMIT most
        ) FOR UPDATE SKIP LOCKED
    )
    RETURNING j.tenant_id, (SELECT t.region FROM tenant t WHERE t.id = j.tenant_id), j.id, j.kind, j.event_id, j.webhook_id,
        j.attempts, j.fence, j.created_at
$$;

CREATE FUNCTION mw_next_due() RETURNS BIGINT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT MIN(due_at) FROM job WHERE state = 'open'
$$;

CREATE FUNCTION mw_sweep(arms_before BIGINT, requests_before BIGINT) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH disarmed AS (UPDATE message SET armed = 0 WHERE armed = 1 AND armed_at < arms_before RETURNING 1),
         forgotten AS (DELETE FROM idempotency WHERE created_at < requests_before RETURNING 1)
    SELECT (SELECT COUNT(*) FROM disarmed) + (SELECT COUNT(*) FROM forgotten)
$$;

CREATE FUNCTION mw_deleted(most BIGINT) RETURNS TABLE (tenant_id TEXT, id TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.tenant_id, m.id FROM inbox i JOIN message m ON m.tenant_id = i.tenant_id AND m.inbox_id = i.id
    WHERE i.deleted_at IS NOT NULL LIMIT most
$$;

DO $$
DECLARE
    signature TEXT;
BEGIN
    FOR signature IN SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'mw\_%' AND pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailward_service', signature);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        -- A new owner must be able to create where its function lies; only for this moment.
        GRANT USAGE, CREATE ON SCHEMA public TO mailward_definer;
        FOR signature IN SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'mw\_%' AND pronamespace = 'public'::regnamespace
        LOOP
            EXECUTE format('ALTER FUNCTION %s OWNER TO mailward_definer', signature);
        END LOOP;
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
