-- Mail of risk that agents were given, by the moment since when they could read it: what an inbox sends after it is judged.
CREATE INDEX message_risky ON message (tenant_id, available_at)
    WHERE direction = 'inbound' AND state = 'delivered' AND (level <> 'low' OR decided_by IS NOT NULL);
