-- name: store_states
insert into rule_states (rule_id, subject, state)
select * from jsonb_to_recordset(%(rows)s) as (rule_id text, subject bigint, state jsonb)
on conflict (rule_id, subject) do update set state = excluded.state

-- name: forget_states
delete from rule_states
using jsonb_to_recordset(%(rows)s) as gone(rule_id text, subject bigint)
where rule_states.rule_id = gone.rule_id and rule_states.subject = gone.subject

-- name: states
select rule_id, subject, state from rule_states

-- name: walk_partitions_newest_first
-- Over hundreds of days the planner would rather gather a sensor from every partition and sort.
set local enable_sort = off

-- name: watermarks
-- One probe of the primary key for each sensor; the newest partition that has it ends the search.
select sensors.id, (extract(epoch from newest.time) * 1000000)::bigint
from sensors
cross join lateral (
    select time from readings where sensor_id = sensors.id order by time desc limit 1
) newest

-- name: subjects
select id, quantity, unit, datum, levels from sensors order by id
