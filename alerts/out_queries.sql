-- What leaves: alerts as others are told of them. Names and codes are those that held when the alert was
-- opened, by what the database knew when it wrote the alert: they do not change under those who were told.

-- name: newest_rule_set
select coalesce(max(id), 0) from rule_sets

-- name: division_exists
select exists (select from division_versions where code = %(division)s and upper_inf(recorded))

-- name: alerts
-- Newest first, a page by keyset. A division means it and what lies below it; an alert of a grid has its
-- township too, so that from a township upwards the townships are enough.
with recursive below as (
    select d.id, d.level
    from division_versions v join divisions d on d.id = v.division_id
    where v.code = %(division)s::text and upper_inf(v.recorded)
    union
    select d.id, d.level
    from below
    join division_versions v on v.parent_id = below.id and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id
    where d.level in ('district', 'township') or below.level not in ('city', 'district', 'township')
),
chosen as (
    -- As columns of their own, which row-level security lets an index find: no expression that could fail goes before it.
    select a.*, case when a.subject >> 32 in (1, 2) then (a.subject & 4294967295)::integer end as subject_device_id,
           case when a.subject >> 32 = 3 then (a.subject & 4294967295)::integer end as subject_division_id
    from alerts a
    where (%(ids)s::bigint[] is null or a.id = any(%(ids)s::bigint[]))
      and (%(division)s::text is null or a.township_id in (select id from below) or a.grid_id in (select id from below))
      and (%(levels)s::text[] is null or a.level = any(%(levels)s::text[]))
      and (%(states)s::text[] is null or a.state = any(%(states)s::text[]))
      and (%(rule)s::text is null or a.rule_id = %(rule)s::text)
      and (%(family)s::text is null or a.family = %(family)s::text)
      and (%(subject)s::bigint is null or a.subject = %(subject)s::bigint)
      and (%(exercise)s::boolean is null or a.exercise = %(exercise)s::boolean)
      and (%(from)s::timestamptz is null or a.opened_at >= %(from)s::timestamptz)
      and (%(to)s::timestamptz is null or a.opened_at < %(to)s::timestamptz)
      and (%(before_id)s::bigint is null
           or (a.opened_at, a.id) < (%(before_time)s::timestamptz, %(before_id)s::bigint))
    order by a.opened_at desc, a.id desc
    limit %(limit)s
)
select a.id, a.rule_id, a.kind, a.family, a.title, a.subject,
       coalesce(s.name, device.name, own.name) as subject_name, nullif(s.label, '') as label,
       s.quantity, s.unit, s.datum,
       a.township_id, township.code as township_code, township.name as township,
       district.code as district_code, district.name as district, grid.code as grid_code, grid.name as grid,
       coalesce(a.lon, place.lon) as lon, coalesce(a.lat, place.lat) as lat,
       a.level, a.peak, a.state, a.cause, a.value, a.exercise, a.late, a.revision,
       coalesce(incident.merged_into, incident.id) as incident_id, a.inhibited_by, a.suppressed_by,
       a.pending_since, a.opened_at, a.changed_at, a.acknowledged_at, a.in_hand_at, a.resolved_at, a.closed_at,
       a.recorded_at
from chosen a
left join incidents incident on incident.id = a.incident_id
left join sensors s on s.id = a.sensor_id
left join devices device on device.id = a.subject_device_id
left join division_versions own
       on own.division_id = a.subject_division_id
      and own.valid @> a.opened_at and own.recorded @> a.recorded_at
left join division_versions township
       on township.division_id = a.township_id
      and township.valid @> a.opened_at and township.recorded @> a.recorded_at
left join division_versions district
       on district.division_id = township.parent_id
      and district.valid @> a.opened_at and district.recorded @> a.recorded_at
left join division_versions grid
       on grid.division_id = a.grid_id and grid.valid @> a.opened_at and grid.recorded @> a.recorded_at
left join sensor_places place
       on place.sensor_id = a.sensor_id and place.valid @> a.opened_at and place.recorded @> a.recorded_at
order by a.opened_at desc, a.id desc

-- name: transitions
-- Oldest first; within an alert the ids are in the order of what happened.
select id, alert_id, kind, time, from_level, to_level, from_state, to_state, reason, value, actor, late, retracts,
       revision, note, recorded_at
from alert_transitions
where alert_id = any(%(ids)s) and id > %(after)s
order by alert_id, id
limit %(limit)s

-- name: outlines
-- The townships of alerts as they were drawn when the alerts were opened.
select a.id, b.geometry
from alerts a
join boundary_versions b
  on b.division_id = a.township_id and b.valid @> a.opened_at and b.recorded @> a.recorded_at
where a.id = any(%(ids)s)

-- name: lock_messages
-- One writer of messages at a time: numbers within a second are counted.
select pg_advisory_xact_lock(hashtext('cap_messages'))

-- name: messages_of
-- What was written down of these alerts, without the bodies.
select transition_id, alert_id, revision, identifier, sender, sent, msg_type
from cap_messages where alert_id = any(%(ids)s) order by alert_id, revision

-- name: numbers_taken
-- Messages by the second of their identifiers, from the earliest that is wanted.
select entered_at, count(*) from cap_messages
where sender = %(sender)s and entered_at >= %(since)s group by entered_at

-- name: insert_message
insert into cap_messages (transition_id, alert_id, revision, identifier, sender, entered_at, sent, msg_type, level,
                          headline_zh, headline_en, body)
values (%(transition_id)s, %(alert_id)s, %(revision)s, %(identifier)s, %(sender)s, %(entered_at)s, %(sent)s,
        %(msg_type)s, %(level)s, %(headline_zh)s, %(headline_en)s, %(body)s)

-- name: message
select identifier, body from cap_messages where alert_id = %(alert)s and revision = %(revision)s

-- name: feed_transitions
-- The newest transitions of what is asked for: their alerts' messages are to be written before a feed tells them.
with recursive below as (
    select d.id, d.level
    from division_versions v join divisions d on d.id = v.division_id
    where v.code = %(division)s::text and upper_inf(v.recorded)
    union
    select d.id, d.level
    from below
    join division_versions v on v.parent_id = below.id and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id
    where d.level in ('district', 'township') or below.level not in ('city', 'district', 'township')
)
select t.id, t.alert_id
from alert_transitions t join alerts a on a.id = t.alert_id
where (%(division)s::text is null or a.township_id in (select id from below) or a.grid_id in (select id from below))
  and (%(levels)s::text[] is null
       or case t.to_level when 'none' then t.from_level else t.to_level end = any(%(levels)s::text[]))
  and (%(exercises)s or not a.exercise)
  and (%(before)s::bigint is null or t.id < %(before)s::bigint)
order by t.id desc
limit %(limit)s

-- name: feed
-- The messages of these transitions, the newest first.
select m.transition_id, m.alert_id, m.revision, m.identifier, m.sent, m.msg_type, m.level,
       m.headline_zh, m.headline_en
from cap_messages m
where m.transition_id = any(%(ids)s) and (%(levels)s::text[] is null or m.level = any(%(levels)s::text[]))
order by m.transition_id desc

-- name: lock_channel
-- One process tells a channel; for as long as its connection lives.
select pg_try_advisory_lock(hashtext('out_cursors'), hashtext(%(channel)s))

-- name: cursor
select event_id from out_cursors where channel = %(channel)s

-- name: begin_cursor
-- A channel begins with what is open; what is over by then is not told.
insert into out_cursors (channel, event_id)
select %(channel)s, coalesce(max(id), 0) from live_events

-- name: begin_alerts
insert into out_alerts (channel, alert_id, transition_id, due)
select %(channel)s, a.id, max(t.id), a.state in ('open', 'acknowledged', 'in_hand')
from alerts a join alert_transitions t on t.alert_id = a.id
group by a.id

-- name: events_are_whole
-- Whether nothing after the cursor has been cleared away: its own event is still there, or nothing ever was.
select %(after)s = 0 or exists (select from live_events where id = %(after)s)

-- name: mark_untold
-- After a gap: every alert that has moved since it was told.
insert into out_alerts (channel, alert_id, transition_id, due)
select %(channel)s, t.alert_id, 0, true
from alert_transitions t
left join out_alerts told on told.channel = %(channel)s and told.alert_id = t.alert_id
group by t.alert_id, told.transition_id
having max(t.id) > coalesce(told.transition_id, 0)
on conflict (channel, alert_id) do update set due = true

-- name: mark_open
-- To say again what is open: the broker lost what it kept.
insert into out_alerts (channel, alert_id, transition_id, due)
select %(channel)s, id, 0, true from alerts where state in ('open', 'acknowledged', 'in_hand')
on conflict (channel, alert_id) do update set due = true

-- name: skip_to_newest_event
update out_cursors
set event_id = greatest(event_id, (select coalesce(max(id), 0) from live_events)), moved_at = now()
where channel = %(channel)s

-- name: next_events
select id, case when kind = 'alert' then (payload ->> 'alert_id')::bigint end
from live_events where id > %(after)s order by id limit %(limit)s

-- name: due_alerts
select alert_id from out_alerts where channel = %(channel)s and due order by alert_id limit %(limit)s

-- name: overlooked
-- What no live event has named: alerts with transitions that were recorded of late and are not told.
select t.alert_id
from alert_transitions t
left join out_alerts told on told.channel = %(channel)s and told.alert_id = t.alert_id
where t.recorded_at >= (select moved_at - interval '10 minutes' from out_cursors where channel = %(channel)s)
group by t.alert_id, told.transition_id
having max(t.id) > coalesce(told.transition_id, 0)
order by max(t.id)
limit %(limit)s

-- name: marks
select alert_id, transition_id, due from out_alerts where channel = %(channel)s and alert_id = any(%(ids)s)

-- name: tell_alerts
insert into out_alerts (channel, alert_id, transition_id)
select %(channel)s, told.alert_id, told.transition_id
from unnest(%(alerts)s::bigint[], %(transitions)s::bigint[]) as told(alert_id, transition_id)
on conflict (channel, alert_id) do update
set transition_id = greatest(out_alerts.transition_id, excluded.transition_id), due = false

-- name: undue_alerts
update out_alerts set due = false where channel = %(channel)s and alert_id = any(%(ids)s)

-- name: move_cursor
update out_cursors set event_id = %(to)s, moved_at = now() where channel = %(channel)s and event_id = %(after)s
