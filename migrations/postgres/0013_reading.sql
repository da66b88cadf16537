-- What agents see of threads is read out of the messages themselves: its delivered mails in their order, the first of
-- which names it. Held mail has no place there.
CREATE INDEX message_thread_place ON message (tenant_id, inbox_id, thread_digest, seq)
    WHERE state = 'delivered' AND thread_digest IS NOT NULL;

-- The way of a search over all inboxes of a tenant, newest first.
CREATE INDEX message_available ON message (tenant_id, available_at, id) WHERE state = 'delivered';

-- When it was told that an inbox' time was over. Its mail stays for a while.
ALTER TABLE inbox ADD COLUMN expired_at BIGINT;

-- What happened in a day beside what came in: of each inbox and, with an empty inbox_id, of the whole tenant. Written in
-- the transaction of the act.
CREATE TABLE use_act (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    times     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, day, act)
);
CREATE INDEX use_act_old ON use_act (day) WHERE inbox_id <> '';

-- Only who owns a function may drop it, and the owner of the tables does not inherit from who owns the functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'mw_expired' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = 'mailward_definer')) THEN
        SET LOCAL ROLE mailward_definer;
    END IF;
    DROP FUNCTION mw_expired;
    DROP FUNCTION mw_forget_use;
    RESET ROLE;
END
$$;

-- Inboxes whose time is over and that nobody told of yet, and those that were over before `gone`, of tenants that may act.
CREATE FUNCTION mw_expired(present BIGINT, gone BIGINT, most BIGINT) RETURNS TABLE (tenant_id TEXT, id TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.tenant_id, i.id FROM inbox i JOIN tenant t ON t.id = i.tenant_id
    WHERE i.deleted_at IS NULL AND i.expires_at <= present AND (i.expired_at IS NULL OR i.expires_at <= gone)
    AND t.state = 'active' ORDER BY 1, 2 LIMIT most
$$;

-- Days of single inboxes are kept for a while only; the sweep asks for all tenants at once.
CREATE FUNCTION mw_forget_use(before BIGINT) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH counts AS (DELETE FROM use_count WHERE span = 'day' AND inbox_id <> '' AND start < before RETURNING 1),
        acts AS (DELETE FROM use_act WHERE inbox_id <> '' AND day < before RETURNING 1)
    SELECT (SELECT COUNT(*) FROM counts) + (SELECT COUNT(*) FROM acts)
$$;

DO $$
DECLARE
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    signature TEXT;
BEGIN
    ALTER TABLE use_act ENABLE ROW LEVEL SECURITY;
    ALTER TABLE use_act FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON use_act USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY definer ON use_act TO %I USING (true) WITH CHECK (true)', definer);
    EXECUTE format('GRANT SELECT, DELETE ON use_act TO %I', definer);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON use_act TO mailward_service;
    END IF;
    FOREACH signature IN ARRAY ARRAY['mw_expired(BIGINT, BIGINT, BIGINT)', 'mw_forget_use(BIGINT)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailward_service', signature);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO mailward_definer;
        ALTER FUNCTION mw_expired(BIGINT, BIGINT, BIGINT) OWNER TO mailward_definer;
        ALTER FUNCTION mw_forget_use(BIGINT) OWNER TO mailward_definer;
        REVOKE CREATE ON SCHEMA public FROM mailward_definer;
    END IF;
END
$$;
