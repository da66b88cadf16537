-- From a rotation on, nothing may be written under an older version of the tenant's key: the version would be dropped
-- while a process that had not heard of it still used it.
ALTER TABLE tenant ADD COLUMN min_key_version BIGINT NOT NULL DEFAULT 1;

-- A process claims the jobs of its own regions alone; `served` is a list with commas around each. Those of tenants that
-- may not act wait, however long that is.
-- Only who owns a function may drop it, and the owner of the tables does not inherit from who owns the functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'mw_claim' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = 'mailward_definer')) THEN
        SET LOCAL ROLE mailward_definer;
    END IF;
    DROP FUNCTION mw_claim;
    RESET ROLE;
END
$$;

CREATE FUNCTION mw_claim(present BIGINT, lease_end BIGINT, most BIGINT, without TEXT, share BIGINT, served TEXT)
RETURNS TABLE (tenant_id TEXT, region TEXT, id TEXT, kind TEXT, event_id TEXT, webhook_id TEXT, attempts BIGINT, fence BIGINT, created_at BIGINT)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE job j SET due_at = lease_end, fence = j.fence + 1, attempts = j.attempts + 1
    WHERE (j.tenant_id, j.id) IN (
        -- Other workers' rows are stepped over, not waited for.
        SELECT f.tenant_id, f.id FROM job f WHERE f.state = 'open' AND f.due_at <= present AND (f.tenant_id, f.id) IN (
            SELECT w.tenant_id, w.id FROM (
                SELECT e.tenant_id, e.id, e.due_at, ROW_NUMBER() OVER (PARTITION BY e.tenant_id ORDER BY e.due_at) AS turn
                FROM (
                    SELECT q.tenant_id, q.id, q.due_at,
                        ROW_NUMBER() OVER (PARTITION BY q.tenant_id, q.webhook_id ORDER BY q.due_at) AS place
                    FROM job q JOIN tenant t ON t.id = q.tenant_id
                    WHERE q.state = 'open' AND q.due_at <= present AND without NOT LIKE '%,' || q.tenant_id || ',%'
                    AND t.state = 'active' AND served LIKE '%,' || t.region || ',%'
                ) AS e WHERE e.place <= 4
            ) AS w WHERE w.turn <= share ORDER BY w.turn, w.due_at LIMIT most
        ) FOR UPDATE SKIP LOCKED
    )
    RETURNING j.tenant_id, (SELECT t.region FROM tenant t WHERE t.id = j.tenant_id), j.id, j.kind, j.event_id, j.webhook_id,
        j.attempts, j.fence, j.created_at
$$;

DO $$
DECLARE
    signature TEXT := 'mw_claim(BIGINT, BIGINT, BIGINT, TEXT, BIGINT, TEXT)';
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailward_service', signature);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO mailward_definer;
        EXECUTE format('ALTER FUNCTION %s OWNER TO mailward_definer', signature);
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
