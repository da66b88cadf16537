-- An operator's grant to read a tenant's mail for a reason, half an hour at most: of one mail, or of any where message_id is
-- empty. `standing` is how the operator stood when it was given: another role, or a key that was revoked, ends it.
CREATE TABLE break_glass (
    tenant_id  TEXT   NOT NULL REFERENCES tenant (id),
    id         TEXT   NOT NULL,
    operator   TEXT   NOT NULL,
    standing   BIGINT NOT NULL,
    message_id TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    ended_at   BIGINT,
    ended_by   TEXT,
    sealed     BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
    ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON break_glass USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON break_glass TO mailward_service;
    END IF;
END
$$;
