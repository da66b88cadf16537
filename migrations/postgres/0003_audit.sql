-- Who did what, in a chain of hashes for each tenant and one for the service itself, whose rows say '~system' (no slug
-- can). A row is written in the transaction of the act it tells of, and never changed: the triggers refuse.

CREATE TABLE audit (
    tenant_id  TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL CHECK (actor_kind IN ('key', 'operator', 'service', 'sender')),
    actor      TEXT,
    action     TEXT   NOT NULL,
    object     TEXT,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    request_id TEXT,
    network    TEXT,
    detail     TEXT   NOT NULL,
    sealed     BYTEA,
    prev       BYTEA  NOT NULL,
    hash       BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);


-- The end of each chain: where the next row joins, and what a checkpoint signs.
CREATE TABLE audit_head (
    tenant_id  TEXT   NOT NULL PRIMARY KEY,
    seq        BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    checkpoint BIGINT NOT NULL
);
CREATE INDEX audit_head_new ON audit_head (tenant_id) WHERE checkpoint < seq;

-- Signed notes over the heads. `leaves` are the heads that a note adds, a line each; `size` and `edge` are the tree it
-- signs; `note` is what was shipped out.
CREATE TABLE checkpoint (
    number     BIGINT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    size       BIGINT NOT NULL,
    edge       BYTEA  NOT NULL,
    leaves     TEXT   NOT NULL,
    note       TEXT   NOT NULL
);

CREATE FUNCTION audit_refuses() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is not changed';
END
$$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();

DO $$
DECLARE
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit', 'audit_head']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', name, own, own);
    END LOOP;
    EXECUTE format('CREATE POLICY definer ON audit_head TO %I USING (true) WITH CHECK (true)', definer);
    EXECUTE format('GRANT SELECT, UPDATE (checkpoint) ON audit_head TO %I', definer);
END
$$;

CREATE FUNCTION mw_chains(behind TEXT, most BIGINT) RETURNS TABLE (tenant_id TEXT, seq BIGINT, hash BYTEA)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT h.tenant_id, h.seq, h.hash FROM audit_head h WHERE h.tenant_id > behind ORDER BY h.tenant_id LIMIT most
$$;

CREATE FUNCTION mw_new_heads(most BIGINT) RETURNS TABLE (tenant_id TEXT, seq BIGINT, hash BYTEA)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE audit_head h SET checkpoint = h.seq WHERE h.tenant_id IN (
        SELECT n.tenant_id FROM audit_head n WHERE n.checkpoint < n.seq ORDER BY n.tenant_id LIMIT most FOR UPDATE)
    RETURNING h.tenant_id, h.seq, h.hash
$$;

DO $$
DECLARE
    signature TEXT;
BEGIN
    FOREACH signature IN ARRAY ARRAY['audit_refuses()', 'mw_chains(text, bigint)', 'mw_new_heads(bigint)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        CONTINUE WHEN signature = 'audit_refuses()';
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
        -- Nothing of the log is taken back, not even by a service that was taken over.
        GRANT SELECT, INSERT ON audit, checkpoint TO mailward_service;
        GRANT SELECT, INSERT, UPDATE ON audit_head TO mailward_service;
    END IF;
END
$$;
