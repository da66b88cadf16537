-- SQLite is one process' own: it migrates what it opens. The number is kept so that both databases count alike.
SELECT 1;
