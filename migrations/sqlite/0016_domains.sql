-- Domains that tenants bring. Any tenant may claim any; who proved by DNS that it is theirs holds it, and a name has one
-- holder. `held_since` is set while that proof stands, and for some days after it was lost. `seen_at` is when it was last seen.
-- What was found in DNS, and the signing key, are sealed.
CREATE TABLE domain (
    tenant_id    TEXT   NOT NULL REFERENCES tenant (id),
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('pending_verification', 'verified', 'failed')),
    held_since   BIGINT,
    failed_since BIGINT,
    seen_at      BIGINT,
    checked_at   BIGINT,
    created_at   BIGINT NOT NULL,
    signing_key  BLOB   NOT NULL,
    found        BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX domain_claim ON domain (tenant_id, name);
-- Unique over all tenants: of two that prove at once, one holds it.
CREATE UNIQUE INDEX domain_holder ON domain (name) WHERE held_since IS NOT NULL;

-- The domain an inbox is at, where a tenant brought it. Its mail is taken only while the tenant holds that domain.
ALTER TABLE inbox ADD COLUMN domain_id TEXT;
CREATE INDEX inbox_domain ON inbox (tenant_id, domain_id) WHERE domain_id IS NOT NULL;
