-- SQLite has no row policies: there, the keys that begin with the tenant are the lock. The number is kept so that both
-- databases count alike.
SELECT 1;
