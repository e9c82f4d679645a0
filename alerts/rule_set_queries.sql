-- name: newest_set
select coalesce(max(id), %(none)s) from rule_sets

-- name: newest_below
-- The newest set under a number; the caller begins above all of them.
select rule_sets.id, origin, put_in_force_at, coalesce(actors.name, '') as author, note,
       (select count(*) from jsonb_object_keys(files)) as rules, files
from rule_sets left join actors on actors.id = rule_sets.actor
where rule_sets.id < %(below)s
order by rule_sets.id desc limit 1

-- name: one_set
select rule_sets.id, origin, put_in_force_at, coalesce(actors.name, '') as author, note,
       (select count(*) from jsonb_object_keys(files)) as rules, files
from rule_sets left join actors on actors.id = rule_sets.actor
where rule_sets.id = %(id)s

-- name: history
select rule_sets.id, origin, put_in_force_at, coalesce(actors.name, '') as author, note,
       (select count(*) from jsonb_object_keys(files)) as rules
from rule_sets left join actors on actors.id = rule_sets.actor
order by rule_sets.id desc limit %(limit)s

-- name: lock_sets
-- Readers pass; who puts a set in force waits for the one before to be done.
lock table rule_sets in share row exclusive mode

-- name: known_author
select id from actors where kind = 'person' and name = %(name)s order by created_at limit 1

-- name: new_author
insert into actors (name, kind) values (%(name)s, 'person') returning id

-- name: store_set
insert into rule_sets (files, origin, actor, note) values (%(files)s, %(origin)s, %(actor)s, %(note)s) returning id

-- name: tell_rules
select log_live_event('rules', jsonb_build_object('rule_set', %(id)s::bigint))

-- name: where_sensors_are
-- Each sensor with its present township and that one's district; null: not located.
select sensors.id, sensors.name, sensors.label, township.division_id, township.name, district.division_id, district.name
from sensors
left join sensor_divisions place on place.sensor_id = sensors.id and place.level = 'township'
     and upper_inf(place.recorded) and upper_inf(place.valid)
left join division_versions township on township.division_id = place.division_id
     and upper_inf(township.recorded) and upper_inf(township.valid)
left join division_versions district on district.division_id = township.parent_id
     and upper_inf(district.recorded) and upper_inf(district.valid)
order by sensors.id

-- name: stored_span
select min(time), max(time) from readings
