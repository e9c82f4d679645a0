-- The calls of an assignment, forgotten ones too: what was unique before 0037 was also their index.
create index calls_of_assignment on calls (assignment_id);

-- A rung whose messages all failed is looked for every second; failures are few, messages are many.
create index deliveries_failed on deliveries (call_id) where state = 'failed';
