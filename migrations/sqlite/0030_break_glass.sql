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
    sealed     BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
