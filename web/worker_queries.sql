-- What a grid worker's phone is shown, always by the person whose phone it is.

-- name: cards
-- Everything that a phone shows of an assignment to one who is, or was, called for it, as the text of a JSON object:
-- a red alert is thousands of them. Where the plan asks for it the place of the alert is left out, and only the
-- division stays. With `assignments`: those, but for what has only just been delivered or read by the one who alone is
-- called, of which no card says anything; else all that are open.
with chosen as (
    select calls.person_id, calls.part, calls.ended_at as call_ended_at, assignments.id, assignments.run_id,
           assignments.task_id, assignments.division_id, assignments.round, assignments.state, assignments.due_at,
           assignments.called_at, assignments.ended_at, assignments.person_id as answered_by
    from calls join assignments on assignments.id = calls.assignment_id
    where calls.person_id = any(%(people)s)
      and (assignments.id = any(%(assignments)s)
           or %(assignments)s::bigint[] is null and calls.ended_at is null and assignments.ended_at is null)
      and not (%(news)s and assignments.state in ('delivered', 'read')
               and not exists (select from calls other
                               where other.assignment_id = assignments.id and other.id <> calls.id))
), spots as (
    select distinct on (run_alerts.run_id, alerts.grid_id)
           run_alerts.run_id, alerts.grid_id, alerts.lon, alerts.lat
    from run_alerts join alerts on alerts.id = run_alerts.alert_id
    where run_alerts.run_id in (select run_id from chosen) and alerts.lon is not null
    order by run_alerts.run_id, alerts.grid_id, alerts.opened_at, alerts.id
), others as (
    select chosen.id as assignment_id, chosen.person_id,
           jsonb_agg(jsonb_build_object(
               'part', other.part,
               'state', coalesce(
                   (select kind from answers
                    where answers.assignment_id = chosen.id and answers.person_id = other.person_id
                    order by received_at desc, array_position(array['cannot', 'done', 'on_site'], kind) limit 1),
                   case when other.ended_at is not null then 'ended' end,
                   (select case when bool_or(deliveries.state = 'read') then 'read'
                                when bool_or(deliveries.state = 'delivered') then 'delivered' end
                    from deliveries where deliveries.call_id = other.id),
                   'called')) order by other.id) as told
    from chosen join calls other on other.assignment_id = chosen.id and other.person_id <> chosen.person_id
    group by chosen.id, chosen.person_id
)
select chosen.person_id, chosen.id, card.open, row_to_json(card)::text
from chosen
join tasks on tasks.id = chosen.task_id
join plan_runs on plan_runs.id = chosen.run_id
join divisions on divisions.id = chosen.division_id
left join division_versions version on version.division_id = chosen.division_id
      and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
left join division_versions above on above.division_id = version.parent_id
      and above.valid @> %(at)s::timestamptz and upper_inf(above.recorded)
left join spots on spots.run_id = chosen.run_id and spots.grid_id = chosen.division_id
left join others on others.assignment_id = chosen.id and others.person_id = chosen.person_id
cross join lateral (select coalesce(plan_runs.plan #>> '{privacy,map}', 'point') as map) privacy
cross join lateral (
    select chosen.id, chosen.run_id, chosen.round,
           chosen.ended_at is null and chosen.call_ended_at is null and plan_runs.state = 'open' as open,
           case when chosen.state in ('acknowledged', 'on_site', 'done', 'skipped', 'stood_down') then chosen.state
                else 'called' end as state,
           chosen.answered_by is not null as answered, chosen.answered_by is not distinct from chosen.person_id as mine,
           chosen.part, chosen.due_at, chosen.called_at, plan_runs.level, plan_runs.exercise,
           coalesce(nullif(plan_runs.name, ''), plan_runs.plan_id) as plan, tasks.what, tasks.post, tasks.backup,
           tasks.evidence, tasks.results, tasks.repeat_min,
           chosen.division_id, divisions.level as division_level, version.name as place, above.name as above,
           privacy.map, case when privacy.map = 'point' then spots.lon end as lon,
           case when privacy.map = 'point' then spots.lat end as lat, coalesce(others.told, '[]') as others
) card
order by chosen.person_id, chosen.id

-- name: last_event
select coalesce(max(id), 0) from live_events

-- name: events_since
select id, payload from live_events where id > %(after)s and kind in ('task', 'run') order by id limit %(limit)s

-- name: assignments_of_runs
-- Of runs that changed as a whole (raised, ended): what people have on their phones of them.
select id from assignments where run_id = any(%(runs)s)

-- name: called_for
-- Whose cards may have changed; not of what only one is called for and has only just got or read (as in `cards`).
select distinct calls.person_id
from calls join assignments on assignments.id = calls.assignment_id
where calls.assignment_id = any(%(assignments)s) and calls.person_id is not null
  and (assignments.state not in ('delivered', 'read')
       or exists (select from calls other where other.assignment_id = assignments.id and other.id <> calls.id))

-- name: sent
-- The open page's messages for these, handed to streams just now.
update deliveries set state = 'sent', sent_at = %(at)s
from calls
where calls.id = deliveries.call_id and calls.assignment_id = any(%(assignments)s) and calls.person_id = any(%(people)s)
  and deliveries.channel = 'app' and deliveries.state in ('due', 'sending')

-- name: phones_beat
-- Which phones are listening now; nothing else of them, and not for longer.
insert into phones (id, person_id)
select * from unnest(%(ids)s::uuid[], %(people)s::uuid[])
on conflict (id) do update set seen_at = clock_timestamp()

-- name: phones_gone
delete from phones where id = any(%(ids)s)

-- name: phones_swept
delete from phones where seen_at < clock_timestamp() - make_interval(secs => %(stale_s)s)

-- name: let_in
-- Of these sessions and their people those that still hold: signed in, not locked, the role not ended, the same person.
select sessions.token_hash, accounts.person_id,
       array_agg(distinct held.role) as roles
from sessions
join accounts on accounts.id = sessions.account_id and accounts.locked_at is null and accounts.person_id is not null
join account_roles held on held.account_id = accounts.id and held.valid @> %(now)s::timestamptz
where sessions.token_hash = any(%(hashes)s) and sessions.expires_at > %(now)s
group by sessions.token_hash, accounts.person_id

-- name: own_divisions
-- Where somebody holds a post or has a shift: now or within the next day, or stands in for somebody who does.
with people as (
    select %(person)s::uuid as id
    union
    select person_id from absences
    where stand_in_id = %(person)s and upper_inf(recorded) and during @> %(at)s::timestamptz
)
select post, division_id from post_holdings
where person_id in (select id from people) and upper_inf(recorded) and valid @> %(at)s::timestamptz
union
select post, division_id from shifts
where person_id in (select id from people) and upper_inf(recorded)
  and during && tstzrange(%(at)s::timestamptz, %(at)s::timestamptz + interval '1 day')

-- name: places
-- Names and lines of divisions; of a derived line that it is one.
select divisions.id, divisions.level, version.name, above.name as above, version.lon, version.lat,
       boundary.geometry, boundary.derived
from divisions
join division_versions version on version.division_id = divisions.id
     and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
left join division_versions above on above.division_id = version.parent_id
     and above.valid @> %(at)s::timestamptz and upper_inf(above.recorded)
left join boundary_versions boundary on boundary.division_id = divisions.id
     and boundary.valid @> %(at)s::timestamptz and upper_inf(boundary.recorded)
where divisions.id = any(%(ids)s)
order by array_position(array['grid', 'village', 'township', 'district', 'city'], divisions.level), version.code

-- name: seen_division
-- Whether somebody has anything to do there: a call that is open, or a post.
select exists (select from calls join assignments on assignments.id = calls.assignment_id
               where calls.person_id = %(person)s and calls.ended_at is null
                 and assignments.division_id = %(division)s)
    or exists (select from post_holdings
               where person_id = %(person)s and upper_inf(recorded) and valid @> %(at)s::timestamptz
                 and division_id = %(division)s)

-- name: sensors_of_divisions
-- What stands there, with its newest value.
select sensors.id, coalesce(nullif(sensors.label, ''), sensors.name) as name, sensors.quantity, sensors.unit,
       place.lon, place.lat, last.time, last.value
from sensor_divisions lies
join sensors on sensors.id = lies.sensor_id
join sensor_places place on place.sensor_id = sensors.id
     and place.valid @> %(at)s::timestamptz and upper_inf(place.recorded) and place.reason <> 'retired'
left join lateral (select readings.time, readings.value from readings where readings.sensor_id = sensors.id
                   order by readings.time desc limit 1) last on true
where lies.division_id = any(%(ids)s) and lies.valid @> %(at)s::timestamptz and upper_inf(lies.recorded)
order by sensors.id limit %(most)s

-- name: own_answer
-- The run and place of an answer that is somebody's own.
select assignments.run_id, assignments.division_id from answers
join assignments on assignments.id = answers.assignment_id
where answers.key = %(key)s and answers.person_id = %(person)s

-- name: attach
-- Sent twice, it is the same.
insert into attachments (id, run_id, answer_key, kind, media_type, content, actor)
values (%(id)s, %(run_id)s, %(key)s, %(kind)s, %(media_type)s, %(content)s, %(actor)s)
on conflict (id) do nothing
returning id

-- name: other_attachments
select count(*) from attachments where answer_key = %(key)s and id <> %(id)s
