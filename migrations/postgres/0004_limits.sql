-- What a tenant may use differently from its plan: {"limit": number}, as JSON.
ALTER TABLE tenant ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';

-- What is told of an event that is about no message, as JSON of names, counts and times.
ALTER TABLE event ADD COLUMN detail TEXT;

-- What is in use now, of each inbox and, with an empty inbox_id, of the whole tenant. Written in the transaction that
-- writes or removes what is counted. `arrival` is the token bucket of received mail, in microseconds.
CREATE TABLE use_level (
    tenant_id    TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id     TEXT   NOT NULL,
    stored_bytes BIGINT NOT NULL,
    arrival      BIGINT NOT NULL,
    last_day     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id)
);

-- What came and went in a day or month. A new span is a new row: nothing has to be set back to zero.
CREATE TABLE use_count (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    direction TEXT   NOT NULL CHECK (direction IN ('in', 'out')),
    span      TEXT   NOT NULL CHECK (span IN ('day', 'month')),
    start     BIGINT NOT NULL,
    messages  BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, direction, span, start)
);
CREATE INDEX use_count_old ON use_count (start) WHERE span = 'day' AND inbox_id <> '';

-- Which limit was told of in which span, so that it is told once.
CREATE TABLE limit_notice (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    level     TEXT   NOT NULL CHECK (level IN ('approaching', 'exceeded')),
    start     BIGINT NOT NULL,
    told_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, name, level)
);

CREATE INDEX inbox_expires ON inbox (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;

-- Mail that was there before is counted once. The owner is bound by the policies too, so they rest for this moment.
ALTER TABLE message NO FORCE ROW LEVEL SECURITY;
ALTER TABLE part NO FORCE ROW LEVEL SECURITY;
INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day)
    SELECT m.tenant_id, m.inbox_id, CAST(SUM(length(p.bytes)) AS BIGINT), 0, 0 FROM message m
    JOIN part p ON p.tenant_id = m.tenant_id AND p.message_id = m.id GROUP BY m.tenant_id, m.inbox_id;
INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day)
    SELECT tenant_id, '', CAST(SUM(stored_bytes) AS BIGINT), 0, 0 FROM use_level GROUP BY tenant_id;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
ALTER TABLE part FORCE ROW LEVEL SECURITY;

-- Days of single inboxes are kept for a while only; the sweep asks for all tenants at once.
CREATE FUNCTION mw_forget_use(before BIGINT) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH forgotten AS (DELETE FROM use_count WHERE span = 'day' AND inbox_id <> '' AND start < before RETURNING 1)
    SELECT COUNT(*) FROM forgotten
$$;

-- Inboxes whose time is over, of tenants that may act: they are deleted like any other.
CREATE FUNCTION mw_expired(present BIGINT, most BIGINT) RETURNS TABLE (tenant_id TEXT, id TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.tenant_id, i.id FROM inbox i JOIN tenant t ON t.id = i.tenant_id
    WHERE i.deleted_at IS NULL AND i.expires_at <= present AND t.state = 'active' ORDER BY 1, 2 LIMIT most
$$;

-- Jobs are claimed in turns: first the first of each tenant, then the second of each. At most four of one endpoint are
-- in a claim, so that one that does not answer leaves the tenant's others their part.
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
CREATE FUNCTION mw_claim(present BIGINT, lease_end BIGINT, most BIGINT, without TEXT, share BIGINT)
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
                    FROM job q WHERE q.state = 'open' AND q.due_at <= present AND without NOT LIKE '%,' || q.tenant_id || ',%'
                ) AS e WHERE e.place <= 4
            ) AS w WHERE w.turn <= share ORDER BY w.turn, w.due_at LIMIT most
        ) FOR UPDATE SKIP LOCKED
    )
    RETURNING j.tenant_id, (SELECT t.region FROM tenant t WHERE t.id = j.tenant_id), j.id, j.kind, j.event_id, j.webhook_id,
        j.attempts, j.fence, j.created_at
$$;

DO $$
DECLARE
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['use_level', 'use_count', 'limit_notice']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', name, own, own);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mailward_service', name);
        END IF;
    END LOOP;
    EXECUTE format('CREATE POLICY definer ON use_count TO %I USING (true) WITH CHECK (true)', definer);
    EXECUTE format('GRANT SELECT, DELETE ON use_count TO %I', definer);
    REVOKE ALL ON FUNCTION mw_forget_use(BIGINT), mw_expired(BIGINT, BIGINT),
        mw_claim(BIGINT, BIGINT, BIGINT, TEXT, BIGINT) FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT EXECUTE ON FUNCTION mw_forget_use(BIGINT), mw_expired(BIGINT, BIGINT),
            mw_claim(BIGINT, BIGINT, BIGINT, TEXT, BIGINT) TO mailward_service;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        -- A new owner must be able to create where its function lies; only for this moment.
        GRANT USAGE, CREATE ON SCHEMA public TO mailward_definer;
        ALTER FUNCTION mw_forget_use(BIGINT) OWNER TO mailward_definer;
        ALTER FUNCTION mw_expired(BIGINT, BIGINT) OWNER TO mailward_definer;
        ALTER FUNCTION mw_claim(BIGINT, BIGINT, BIGINT, TEXT, BIGINT) OWNER TO mailward_definer;
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
