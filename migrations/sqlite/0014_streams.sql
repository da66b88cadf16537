-- The event log has an order of its own: each event's place among its tenant's, given in the commit that writes it, so
-- that whoever reads on from a place misses none. Ids are made before the commit, and commits overtake each other.
-- Events from before this have no place and are told of no more.
ALTER TABLE event ADD COLUMN pos BIGINT;
CREATE UNIQUE INDEX event_pos ON event (tenant_id, pos) WHERE pos IS NOT NULL;
CREATE INDEX event_inbox ON event (tenant_id, inbox_id, pos) WHERE pos IS NOT NULL;
CREATE INDEX event_message ON event (tenant_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE event_head (
    tenant_id TEXT   NOT NULL PRIMARY KEY REFERENCES tenant (id),
    pos       BIGINT NOT NULL
) WITHOUT ROWID;

-- Mail as a queue: who holds a mail until when, how often it was handed out, and whether it is settled: 0 not yet, 1 it
-- was acknowledged, 2 it was handed out too often.
ALTER TABLE message ADD COLUMN lease_id TEXT;
ALTER TABLE message ADD COLUMN leased_until BIGINT;
ALTER TABLE message ADD COLUMN lease_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;
CREATE INDEX message_leasable ON message (tenant_id, inbox_id, seq) WHERE settled = 0 AND state = 'delivered' AND direction = 'inbound';
CREATE INDEX message_leased ON message (tenant_id, lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX message_dead ON message (tenant_id, inbox_id, seq) WHERE settled = 2;
