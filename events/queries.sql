-- Events: written, moved on, listed and counted. `at` is the clock that everything here goes by.

-- name: divisions_above
-- A division and all that it lies in.
with recursive up (id) as (
    select %(division)s::integer
    union
    select version.parent_id from up
    join division_versions version
      on version.division_id = up.id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
    where version.parent_id is not null
)
select divisions.id, divisions.level, version.name
from up join divisions on divisions.id = up.id
join division_versions version
  on version.division_id = up.id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)

-- name: village_of_code
select divisions.id
from division_versions version join divisions on divisions.id = version.division_id
where version.code = %(code)s and divisions.level = 'village'
  and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)

-- name: add_event
insert into events (key, kind, urgent, way, happened_at, reported_at, lon, lat, accuracy_m, grid_id, village_id,
                    township_id, district_id, reporter, actor, state, level, division_id, since, due_at, has_text,
                    has_photo)
values (%(key)s, %(kind)s, %(urgent)s, %(way)s, %(happened_at)s, %(at)s, %(lon)s, %(lat)s, %(accuracy_m)s, %(grid)s,
        %(village)s, %(township)s, %(district)s, %(reporter)s, %(actor)s, 'reported', %(level)s, %(division)s, %(at)s,
        %(due_at)s, %(has_text)s, %(has_photo)s)
on conflict (key) do nothing
returning id

-- name: event_of_key
select id, actor, grid_id, level from events where key = %(key)s

-- name: set_alert
update events set alert_id = %(alert)s where id = %(event)s

-- name: add_private
insert into event_private (event_id, text, photo, photo_type) values (%(event)s, %(text)s, %(photo)s, %(photo_type)s)

-- name: sealed_text
select text from event_private where event_id = %(event)s

-- name: sealed_photo
select photo, photo_type, events.township_id from event_private join events on events.id = event_id
where event_id = %(event)s

-- name: lock_event
select id, kind, urgent, state, level, grid_id, village_id, township_id, district_id, since, due_at, overdue_at,
       was_late, assigned_to, handled_level, handled_by, result, closed_level, closed_at
from events where id = %(event)s for no key update

-- name: late_events
-- Those that another sweep has just now are left to it.
select id, kind, urgent, state, level, grid_id, village_id, township_id, district_id, since, due_at, overdue_at,
       was_late, assigned_to, handled_level, handled_by, result, closed_level, closed_at
from events where due_at < %(at)s and overdue_at is null
order by id limit %(most)s for no key update skip locked

-- name: move_events
update events
set state = moved.state, level = moved.level, division_id = moved.division_id, since = moved.since,
    due_at = moved.due_at, overdue_at = moved.overdue_at, was_late = moved.was_late, assigned_to = moved.assigned_to,
    handled_level = moved.handled_level, handled_by = moved.handled_by, result = moved.result,
    closed_level = moved.closed_level, closed_at = moved.closed_at
from jsonb_to_recordset(%(rows)s) as moved (
    id bigint, state text, level text, division_id integer, since timestamptz, due_at timestamptz,
    overdue_at timestamptz, was_late boolean, assigned_to uuid, handled_level text, handled_by uuid, result text,
    closed_level text, closed_at timestamptz)
where events.id = moved.id

-- name: add_steps
insert into event_steps (event_id, key, time, act, state, level, division_id, person_id, actor, result, reason, since,
                         late)
select event_id, key, time, act, state, level, division_id, person_id, actor, result, reason, since, late
from jsonb_to_recordset(%(rows)s) as step (
    event_id bigint, key uuid, time timestamptz, act text, state text, level text, division_id integer,
    person_id uuid, actor uuid, result text, reason text, since timestamptz, late boolean)

-- name: step_of_key
select event_id from event_steps where key = %(key)s

-- name: tell
select count(log_live_event(event.kind, event.payload))
from jsonb_to_recordset(%(rows)s) as event (kind text, payload jsonb)

-- name: has_any_of
-- Whether any of these divisions lies in a township.
select exists (select from division_closure where ancestor_id = %(township)s and descendant_id = any(%(divisions)s))

-- name: levels_of
select id, level from divisions where id = any(%(ids)s)

-- name: erase_events
with over as (
    select id from events where closed_at < %(before)s and erased_at is null and (has_text or has_photo) for update
), gone as (
    delete from event_private where event_id in (select id from over)
), marked as (
    update events set erased_at = %(now)s, has_text = false, has_photo = false where id in (select id from over)
    returning 1
)
select count(*) from marked

-- name: left_events
select count(*) from event_private join events on events.id = event_id where closed_at < %(before)s
