-- Processes that serve from this database, each by what it says of itself every few seconds. A process that ends takes its row away;
-- one that was killed leaves it for a day.
CREATE TABLE node (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    roles      TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    unready    TEXT
) WITHOUT ROWID;
