-- What of each tenant's mail the judge was asked in a day: counted before it is asked, so that a budget holds across
-- nodes and restarts. Tokens are what the judge's own endpoint says it counted.
CREATE TABLE judge_use (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    day       BIGINT NOT NULL,
    requests  BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    tokens    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

-- Jobs are claimed by kind: what the judge takes its time for keeps no webhook waiting. `wanted` is a list with commas
-- around each.
-- Only who owns a function may drop it, and the owner of the tables does not inherit from who owns the functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'mw_claim' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = 'mailward_definer')) THEN
        SET LOCAL ROLE mailward_definer;
    END IF;
    DROP FUNCTION mw_claim;
    DROP FUNCTION mw_next_due;
    RESET ROLE;
END
$$;

CREATE FUNCTION mw_claim(present BIGINT, lease_end BIGINT, most BIGINT, without TEXT, share BIGINT, served TEXT, wanted TEXT)
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
                    WHERE q.state = 'open' AND q.due_at <= present AND wanted LIKE '%,' || q.kind || ',%'
                    AND without NOT LIKE '%,' || q.tenant_id || ',%'
                    AND t.state = 'active' AND served LIKE '%,' || t.region || ',%'
                ) AS e WHERE e.place <= 4
            ) AS w WHERE w.turn <= share ORDER BY w.turn, w.due_at LIMIT most
        ) FOR UPDATE SKIP LOCKED
    )
    RETURNING j.tenant_id, (SELECT t.region FROM tenant t WHERE t.id = j.tenant_id), j.id, j.kind, j.event_id, j.webhook_id,
        j.attempts, j.fence, j.created_at
$$;

CREATE FUNCTION mw_next_due(wanted TEXT) RETURNS BIGINT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT MIN(due_at) FROM job WHERE state = 'open' AND wanted LIKE '%,' || kind || ',%'
$$;

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    signature TEXT;
BEGIN
    ALTER TABLE judge_use ENABLE ROW LEVEL SECURITY;
    ALTER TABLE judge_use FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON judge_use USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON judge_use TO mailward_service;
    END IF;
    FOREACH signature IN ARRAY ARRAY['mw_claim(BIGINT, BIGINT, BIGINT, TEXT, BIGINT, TEXT, TEXT)', 'mw_next_due(TEXT)']
    LOOP
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
    END LOOP;
END
$$;
