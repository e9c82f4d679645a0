-- Whom an assignment was given to by name is asked for each that is due, in a storm for thousands; few ever were. With
-- an index of those few alone the answer costs nothing, whatever is known of the size of a table that grows by the second.
create index calls_by_name on calls (assignment_id) where part = 'reassigned' and ended_at is null;
