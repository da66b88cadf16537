-- Networks a key may be used from, as CIDRs with spaces between; NULL is anywhere.
ALTER TABLE api_key ADD COLUMN networks TEXT;
