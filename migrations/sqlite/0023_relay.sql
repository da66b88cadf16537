-- The server that a tenant's mail is handed to, instead of the service's own way: its address and what logs in there, sealed.
CREATE TABLE relay (
    tenant_id  TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    changed_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL
) WITHOUT ROWID;
