-- What happened in an hour, of the whole tenant: hours since 1970, kept for some days. Written in the transaction of the act.
CREATE TABLE use_hour (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    hour      BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    times     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hour, act)
);

-- Months that are closed, as they were told of: counts and limits as JSON. A month has one row, so it is told of once.
CREATE TABLE usage_closed (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    month     BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    detail    TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, month)
);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['use_hour', 'usage_closed']
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
