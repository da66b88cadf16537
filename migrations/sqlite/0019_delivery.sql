-- A domain signs with two keys, Ed25519 and RSA, of one number; the next pair is published before it takes over.
ALTER TABLE domain ADD COLUMN signing_rsa BLOB;
ALTER TABLE domain ADD COLUMN key_no BIGINT NOT NULL DEFAULT 1;
ALTER TABLE domain ADD COLUMN next_key BLOB;
ALTER TABLE domain ADD COLUMN next_rsa BLOB;

-- The keyed tag in the return path of what was sent to a recipient: a report that comes back to it is known by it.
ALTER TABLE recipient ADD COLUMN return_tag BLOB;
CREATE UNIQUE INDEX recipient_return ON recipient (tenant_id, return_tag) WHERE return_tag IS NOT NULL;

-- Addresses that a tenant's mail is not sent to any more, found by a keyed digest, and why.
CREATE TABLE suppression (
    tenant_id      TEXT   NOT NULL REFERENCES tenant (id),
    id             TEXT   NOT NULL,
    address_digest BLOB   NOT NULL,
    reason         TEXT   NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'manual')),
    created_at     BIGINT NOT NULL,
    sealed         BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX suppression_address ON suppression (tenant_id, address_digest);

