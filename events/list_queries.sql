-- Events as pages and the API list and count them, in the scope of whoever asks. What is asked for in a division is
-- found by the places that an event was given, with all that the division has today.

-- name: list
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select events.id, kind, urgent, way, happened_at, reported_at, lon, lat, grid_id, village_id, township_id, district_id,
       reporter, actor, state, level, division_id, assigned_to, since, due_at, overdue_at, was_late, handled_level,
       handled_by, result, closed_level, closed_at, alert_id, exercise, has_text, has_photo, erased_at
from events, within
where (%(ids)s::bigint[] is null or events.id = any(%(ids)s::bigint[]))
  and (%(state)s::text is null or (case when %(state)s::text = 'open' then state <> 'closed'
                                        else state = %(state)s::text end))
  and (%(level)s::text is null or coalesce(closed_level, level) = %(level)s::text)
  and (%(kind)s::text is null or kind = %(kind)s::text)
  and (not %(overdue)s or overdue_at is not null)
  and (not %(urgent)s or urgent)
  and (%(within)s::integer is null or grid_id = any(within.ids) or village_id = any(within.ids)
       or township_id = any(within.ids) or district_id = any(within.ids))
  and (%(since)s::timestamptz is null or reported_at >= %(since)s)
  and (%(until)s::timestamptz is null or reported_at < %(until)s)
  and (%(after_id)s::bigint is null
       or (urgent and state <> 'closed', events.id) < (%(after_urgent)s::boolean, %(after_id)s::bigint))
order by urgent and state <> 'closed' desc, events.id desc
limit %(most)s

-- name: steps
select id, time, act, state, level, division_id, person_id, actor, result, reason, since, late
from event_steps where event_id = %(event)s order by id

-- name: tallies
select count(*) filter (where state <> 'closed') as open,
       count(*) filter (where state <> 'closed' and urgent) as urgent,
       count(*) filter (where overdue_at is not null) as overdue,
       count(*) filter (where state = 'reported') as reported,
       count(*) filter (where state = 'handled') as handled,
       count(*) filter (where closed_at >= %(today)s) as closed_today
from events
where state <> 'closed' or closed_at >= %(today)s

-- name: positions
-- What a small map shows: the newest of those that are open.
select id, kind, urgent, state, level, overdue_at is not null as late, lon, lat
from events where state <> 'closed' and lon is not null
order by urgent desc, id desc limit %(most)s

-- name: waiting_at
-- Where something waits that nobody has yet, at levels that people on the ground are of.
select distinct division_id from events where state = 'reported' and level in ('grid', 'village')

-- name: own
-- Of a worker: what was given to them, what they reported, and what nobody has yet where they may report.
select events.id, kind, urgent, way, happened_at, reported_at, lon, lat, grid_id, village_id, township_id, district_id,
       reporter, actor, state, level, division_id, assigned_to, since, due_at, overdue_at, was_late, handled_level,
       handled_by, result, closed_level, closed_at, alert_id, exercise, has_text, has_photo, erased_at
from events
where (%(event)s::bigint is null or events.id = %(event)s::bigint)
  and (assigned_to = %(person)s::uuid and state <> 'closed'
       or (actor = %(account)s::uuid or reporter = %(person)s::uuid)
          and (state <> 'closed' or closed_at > %(since)s::timestamptz)
       or state = 'reported' and division_id = any(%(mine)s::integer[]))
order by state = 'closed', urgent desc, id desc
limit %(most)s

-- name: closure
-- Per division of a level (`by`) and of all, of what was reported in a time: how much of it was closed, and where.
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select division_id, grouping(division_id) = 1 as of_all,
       count(*) as reported,
       count(*) filter (where urgent) as urgent,
       count(*) filter (where state = 'closed') as closed,
       count(*) filter (where closed_level = 'grid') as closed_grid,
       count(*) filter (where closed_level = 'village') as closed_village,
       count(*) filter (where closed_level = 'township') as closed_township,
       count(*) filter (where closed_level = 'district') as closed_district,
       count(*) filter (where was_late) as was_late,
       count(*) filter (where overdue_at is not null) as overdue
from (
    select case when %(by)s = 'district' then district_id else township_id end as division_id, urgent, state,
           closed_level, was_late, overdue_at
    from events, within
    where reported_at >= %(since)s and reported_at < %(until)s
      and (%(within)s::integer is null or grid_id = any(within.ids) or village_id = any(within.ids)
           or township_id = any(within.ids) or district_id = any(within.ids))
) meant
group by grouping sets ((division_id), ()) order by of_all, division_id

-- name: step_times
-- Per division and step, and per step of all: how long it took, in seconds. What came with another step by one tap took no time of its own.
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
), taken as (
    select case when %(by)s = 'district' then district_id else township_id end as division_id,
           step.act, extract(epoch from step.time - step.since) as seconds
    from events cross join within
    join event_steps step on step.event_id = events.id
    where reported_at >= %(since)s and reported_at < %(until)s
      and (%(within)s::integer is null or grid_id = any(within.ids) or village_id = any(within.ids)
           or township_id = any(within.ids) or district_id = any(within.ids))
      and step.act in ('accepted', 'assigned', 'handled', 'verified') and step.time > step.since
    union all
    select case when %(by)s = 'district' then district_id else township_id end, 'whole',
           extract(epoch from closed_at - reported_at)
    from events, within
    where reported_at >= %(since)s and reported_at < %(until)s and closed_at is not null
      and (%(within)s::integer is null or grid_id = any(within.ids) or village_id = any(within.ids)
           or township_id = any(within.ids) or district_id = any(within.ids))
)
select division_id, grouping(division_id) = 1 as of_all, act, count(*) as count,
       percentile_cont(0.5) within group (order by seconds) as median_s,
       percentile_cont(0.9) within group (order by seconds) as p90_s
from taken group by grouping sets ((division_id, act), (act)) order by of_all, division_id, act
