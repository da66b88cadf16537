-- Under whose name a tenant's people see the service. The host at which they come in stands in clear: DNS shows it to everybody,
-- and it is looked up before it is known who asks. Name, colours, link and logo are one sealed record.
CREATE TABLE brand (
    tenant_id  TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    host       TEXT,
    changed_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL
) WITHOUT ROWID;
-- Unique over all tenants: people come in at one door.
CREATE UNIQUE INDEX brand_host ON brand (host) WHERE host IS NOT NULL;
