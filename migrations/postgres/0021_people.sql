-- People who sign in at the console: a tenant's own, and the operator's staff, whose rows say `~system` where a tenant's
-- say its slug. What they are called, their address, password and second factor are one sealed record.
-- `code_step` is the last step of the second factor that was used: a code is good once.
CREATE TABLE person (
    tenant_id  TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    role       TEXT   NOT NULL CHECK (role IN ('viewer', 'reviewer', 'admin')),
    state      TEXT   NOT NULL CHECK (state IN ('invited', 'active', 'removed')),
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    seen_at    BIGINT,
    code_step  BIGINT NOT NULL,
    failures   BIGINT NOT NULL,
    failed_at  BIGINT NOT NULL,
    sealed     BYTEA   NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- What finds a person before it is known whose she is: a keyed digest of her address within her organisation, of an
-- invitation, of a session. Never the thing itself.
CREATE TABLE entry (
    tenant_id  TEXT   NOT NULL,
    digest     BYTEA   NOT NULL,
    person_id  TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('address', 'invitation', 'half', 'session')),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, digest)
);
CREATE UNIQUE INDEX entry_digest ON entry (digest);
CREATE INDEX entry_person ON entry (tenant_id, person_id);

-- A reviewer's decision that may still be taken back: it is carried out by a job when it is due, unless it is gone. The
-- reason, and until when the sender is let through, are sealed.
CREATE TABLE pending_decision (
    tenant_id  TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    decision   TEXT   NOT NULL CHECK (decision IN ('release', 'reject')),
    decided_by TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    sealed     BYTEA   NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);

-- The one question before it is known who asks: whose this digest is.
CREATE FUNCTION mw_entry(wanted BYTEA)
RETURNS TABLE (tenant_id TEXT, region TEXT, state TEXT, person_id TEXT, kind TEXT, created_at BIGINT, seen_at BIGINT, expires_at BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.tenant_id, t.region, t.state, e.person_id, e.kind, e.created_at, e.seen_at, e.expires_at
    FROM entry e LEFT JOIN tenant t ON t.id = e.tenant_id WHERE e.digest = wanted
$$;

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    definer TEXT := CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_definer')
        THEN 'mailward_definer' ELSE current_user END;
    signature TEXT := 'mw_entry(bytea)';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['person', 'entry', 'pending_decision']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', name, own, own);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mailward_service', name);
        END IF;
    END LOOP;
    EXECUTE format('CREATE POLICY definer ON entry FOR SELECT TO %I USING (true)', definer);
    EXECUTE format('GRANT SELECT ON entry TO %I', definer);
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
