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
);
CREATE INDEX tenant_ending ON tenant (state_since) WHERE state IN ('importing', 'grace', 'shredded');

DO $$
DECLARE
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE leaving ENABLE ROW LEVEL SECURITY;
    ALTER TABLE leaving FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON leaving USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY definer ON leaving TO %I USING (true) WITH CHECK (true)', definer);
    EXECUTE format('GRANT SELECT ON leaving TO %I', definer);
END
$$;

CREATE FUNCTION mw_ending(present BIGINT, stale BIGINT, most BIGINT) RETURNS TABLE (id TEXT, region TEXT, state TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.region, t.state FROM tenant t LEFT JOIN leaving l ON l.tenant_id = t.id
    WHERE t.state = 'shredded' OR (t.state = 'grace' AND l.grace_until <= present)
        OR (t.state = 'importing' AND t.state_since < stale)
    ORDER BY t.state_since LIMIT most
$$;

CREATE FUNCTION mw_receipts(behind TEXT, most BIGINT) RETURNS TABLE (tenant_id TEXT, receipt TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.tenant_id, l.receipt FROM leaving l WHERE l.receipt IS NOT NULL AND l.tenant_id > behind
    ORDER BY l.tenant_id LIMIT most
$$;

DO $$
DECLARE
    signature TEXT;
BEGIN
    FOREACH signature IN ARRAY ARRAY['mw_ending(bigint, bigint, bigint)', 'mw_receipts(text, bigint)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailward_service', signature);
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
            GRANT CREATE ON SCHEMA public TO mailward_definer;
            EXECUTE format('ALTER FUNCTION %s OWNER TO mailward_definer', signature);
            REVOKE CREATE ON SCHEMA public FROM mailward_definer;
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON leaving TO mailward_service;
    END IF;
END
$$;
