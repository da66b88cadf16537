-- What a tenant chose about its gate: a row for each version, the whole tenant's with an empty inbox_id. Senders and
-- phrases are what somebody wrote, so they are sealed.
CREATE TABLE policy (
    tenant_id  TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id   TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, version)
);

-- Senders that a reviewer let through for some time: a keyed digest to find one by, the address itself sealed.
CREATE TABLE allowed_sender (
    tenant_id     TEXT   NOT NULL REFERENCES tenant (id),
    id            TEXT   NOT NULL,
    inbox_id      TEXT   NOT NULL,
    sender_digest BYTEA  NOT NULL,
    sealed        BYTEA  NOT NULL,
    message_id    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    created_by    TEXT   NOT NULL,
    until         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX allowed_sender_digest ON allowed_sender (tenant_id, inbox_id, sender_digest);

-- What a person decided on a held mail and what the scorer had said of it: names of rules and numbers, no text. It
-- outlives the mail, to train by.
CREATE TABLE decision (
    tenant_id     TEXT   NOT NULL REFERENCES tenant (id),
    message_id    TEXT   NOT NULL,
    inbox_id      TEXT   NOT NULL,
    decision      TEXT   NOT NULL CHECK (decision IN ('release', 'reject')),
    decided_at    BIGINT NOT NULL,
    decided_by    TEXT   NOT NULL,
    level         TEXT   NOT NULL,
    score         BIGINT NOT NULL,
    model         TEXT   NOT NULL,
    findings      TEXT   NOT NULL,
    dmarc         TEXT   NOT NULL,
    domain_digest BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);

CREATE INDEX message_held_since ON message (received_at) WHERE state = 'held';

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['policy', 'allowed_sender', 'decision']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (%s) WITH CHECK (%s)', name, own, own);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mailward_service', name);
        END IF;
    END LOOP;
END
$$;

-- Held mail that nobody decided on in time.
CREATE FUNCTION mw_held_too_long(before BIGINT, most BIGINT) RETURNS TABLE (tenant_id TEXT, id TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.tenant_id, m.id FROM message m JOIN tenant t ON t.id = m.tenant_id
    WHERE m.state = 'held' AND m.received_at < before AND t.state = 'active' ORDER BY 1, 2 LIMIT most
$$;

DO $$
DECLARE
    signature TEXT := 'mw_held_too_long(bigint, bigint)';
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
