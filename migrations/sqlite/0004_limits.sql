-- What a tenant may use differently from its plan: {"limit": number}, as JSON.
ALTER TABLE tenant ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';

-- What is told of an event that is about no message, as JSON of names, counts and times.
ALTER TABLE event ADD COLUMN detail TEXT;

-- What is in use now, of each inbox and, with an empty inbox_id, of the whole tenant. Written in the transaction that
-- writes or removes what is counted. `arrival` is the token bucket of received mail, in microseconds.
CREATE TABLE use_level (
    tenant_id    TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id     TEXT   NOT NULL,
    stored_bytes BIGINT NOT NULL,
    arrival      BIGINT NOT NULL,
    last_day     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id)
) WITHOUT ROWID;

-- What came and went in a day or month. A new span is a new row: nothing has to be set back to zero.
CREATE TABLE use_count (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    direction TEXT   NOT NULL CHECK (direction IN ('in', 'out')),
    span      TEXT   NOT NULL CHECK (span IN ('day', 'month')),
    start     BIGINT NOT NULL,
    messages  BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, direction, span, start)
) WITHOUT ROWID;
CREATE INDEX use_count_old ON use_count (start) WHERE span = 'day' AND inbox_id <> '';

-- Which limit was told of in which span, so that it is told once.
CREATE TABLE limit_notice (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    inbox_id  TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    level     TEXT   NOT NULL CHECK (level IN ('approaching', 'exceeded')),
    start     BIGINT NOT NULL,
    told_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, inbox_id, name, level)
) WITHOUT ROWID;

CREATE INDEX inbox_expires ON inbox (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;

INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day)
    SELECT m.tenant_id, m.inbox_id, CAST(SUM(length(p.bytes)) AS BIGINT), 0, 0 FROM message m
    JOIN part p ON p.tenant_id = m.tenant_id AND p.message_id = m.id GROUP BY m.tenant_id, m.inbox_id;
INSERT INTO use_level (tenant_id, inbox_id, stored_bytes, arrival, last_day)
    SELECT tenant_id, '', CAST(SUM(stored_bytes) AS BIGINT), 0, 0 FROM use_level GROUP BY tenant_id;
