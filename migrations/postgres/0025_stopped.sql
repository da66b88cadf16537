-- An inbox sends nothing while too much of its mail comes back, or too many complain. Whoever lets it send again has the
-- counting begin anew: `counted_from` is what stood in the day's counters then, as JSON.
ALTER TABLE inbox ADD COLUMN stopped_since BIGINT;
ALTER TABLE inbox ADD COLUMN stopped_reason TEXT;
ALTER TABLE inbox ADD COLUMN counted_from TEXT;
