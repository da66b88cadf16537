-- A domain signs with two keys, Ed25519 and RSA, of one number; the next pair is published before it takes over.
ALTER TABLE domain ADD COLUMN signing_rsa BYTEA;
ALTER TABLE domain ADD COLUMN key_no BIGINT NOT NULL DEFAULT 1;
ALTER TABLE domain ADD COLUMN next_key BYTEA;
ALTER TABLE domain ADD COLUMN next_rsa BYTEA;

-- The keyed tag in the return path of what was sent to a recipient: a report that comes back to it is known by it.
ALTER TABLE recipient ADD COLUMN return_tag BYTEA;
CREATE UNIQUE INDEX recipient_return ON recipient (tenant_id, return_tag) WHERE return_tag IS NOT NULL;

-- Addresses that a tenant's mail is not sent to any more, found by a keyed digest, and why.
CREATE TABLE suppression (
    tenant_id      TEXT   NOT NULL REFERENCES tenant (id),
    id             TEXT   NOT NULL,
    address_digest BYTEA  NOT NULL,
    reason         TEXT   NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'manual')),
    created_at     BIGINT NOT NULL,
    sealed         BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX suppression_address ON suppression (tenant_id, address_digest);

DO $$
DECLARE
    own TEXT := 'tenant_id = nullif(current_setting(''mailward.tenant'', true), '''')';
BEGIN
    ALTER TABLE suppression ENABLE ROW LEVEL SECURITY;
    ALTER TABLE suppression FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY own ON suppression USING (%s) WITH CHECK (%s)', own, own);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON suppression TO mailward_service;
    END IF;
END
$$;
