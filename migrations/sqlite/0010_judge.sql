-- What of each tenant's mail the judge was asked in a day: counted before it is asked, so that a budget holds across
-- nodes and restarts. Tokens are what the judge's own endpoint says it counted.
CREATE TABLE judge_use (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    day       BIGINT NOT NULL,
    requests  BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    tokens    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
) WITHOUT ROWID;
