-- That somebody released a held mail that two must release: it waits on for the second, who must be another. The reason, and
-- until when the sender is to be let through, are sealed.
CREATE TABLE approval (
    tenant_id   TEXT   NOT NULL REFERENCES tenant (id),
    message_id  TEXT   NOT NULL,
    approved_by TEXT   NOT NULL,
    approved_at BIGINT NOT NULL,
    sealed      BLOB   NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
) WITHOUT ROWID;
