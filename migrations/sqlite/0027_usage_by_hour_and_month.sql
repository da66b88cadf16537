-- What happened in an hour, of the whole tenant: hours since 1970, kept for some days. Written in the transaction of the act.
CREATE TABLE use_hour (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    hour      BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    times     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hour, act)
) WITHOUT ROWID;

-- Months that are closed, as they were told of: counts and limits as JSON. A month has one row, so it is told of once.
CREATE TABLE usage_closed (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    month     BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    detail    TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, month)
) WITHOUT ROWID;
