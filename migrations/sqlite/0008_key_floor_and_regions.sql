-- From a rotation on, nothing may be written under an older version of the tenant's key: the version would be dropped
-- while a process that had not heard of it still used it.
ALTER TABLE tenant ADD COLUMN min_key_version BIGINT NOT NULL DEFAULT 1;
