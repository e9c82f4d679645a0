-- name: now
-- The time of a person's act: the clock that a replay tells, else this server's.
select coalesce(max(clock), clock_timestamp()) from partitions

-- name: find_actor
select id from actors where name = %(name)s and kind = %(kind)s order by created_at limit 1

-- name: lock_actors
select pg_advisory_xact_lock(hashtext('actors'))

-- name: add_actor
insert into actors (name, kind) values (%(name)s, %(kind)s) returning id

-- name: lock_alert
-- With the open ones of its subject, all in the order of ids: what hides what is settled among these, and whoever
-- locked them one after another would wait for a batch that waits for it (docs/alerts.md, "In which order").
with kin as materialized (
    select id from alerts where id = %(alert_id)s
    union
    select kin.id from alerts own join alerts kin on kin.subject = own.subject and kin.exercise = own.exercise
    where own.id = %(alert_id)s and kin.state in ('open', 'acknowledged', 'in_hand')
), locked as materialized (
    select * from alerts where id in (select id from kin) order by id for no key update
)
select locked.id, locked.rule_id, locked.subject, locked.level, locked.state, locked.exercise, locked.revision,
       locked.suppressed_by, locked.township_id, alert_name(alerts) as name
from locked join alerts using (id) where locked.id = %(alert_id)s

-- name: pair_of_alert
select rule_id, subject from alerts where id = %(alert_id)s

-- name: move_alert
update alerts
set state = %(to_state)s, changed_at = greatest(changed_at, %(time)s),
    acknowledged_at = case when %(to_state)s in ('acknowledged', 'in_hand')
                           then coalesce(acknowledged_at, %(time)s) else acknowledged_at end,
    in_hand_at = case when %(to_state)s = 'in_hand' then coalesce(in_hand_at, %(time)s) else in_hand_at end,
    resolved_at = case when %(to_state)s in ('resolved', 'closed')
                       then coalesce(resolved_at, %(time)s) else resolved_at end,
    closed_at = case when %(to_state)s = 'closed' then %(time)s else closed_at end,
    cause = coalesce(%(cause)s, cause)
where id = %(alert_id)s

-- name: add_state_rows
insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason, revision,
                               note, actor)
select alert_id, coalesce(kind, 'state'), time, coalesce(from_level, level), level, from_state, to_state, reason,
       revision, note, actor
from jsonb_to_recordset(%(rows)s) as (
    alert_id bigint, kind text, time timestamptz, from_level text, level text, from_state text, to_state text, reason text, revision integer,
    note text, actor uuid)

-- name: add_suppression
insert into suppressions (kind, rule_id, subject, division_id, valid, reason, actor)
values (%(kind)s, %(rule_id)s, %(subject)s, %(division_id)s, tstzrange(%(begins)s, %(ends)s), %(reason)s, %(actor)s)
returning id

-- name: end_suppression
update suppressions set ended_at = %(time)s, ended_by = %(actor)s
where id = %(id)s and ended_at is null and upper(valid) > %(time)s
returning id

-- name: suppressions
select id, kind, rule_id, subject, division_id, lower(valid) as begins, upper(valid) as ends, reason, ended_at,
       valid @> %(at)s::timestamptz and (ended_at is null or ended_at > %(at)s) as in_force,
       (select count(*) from alerts where suppressed_by = suppressions.id
           and state in ('open', 'acknowledged', 'in_hand')) as holds
from suppressions
where %(all)s or (upper(valid) > %(at)s and ended_at is null)
order by id

-- name: to_hold_or_release
-- Open alerts whose suppression is not that of now: those to be held, to be released, or held by another one;
-- with `hold_only` none to be released. With none in force and none held nothing is looked at.
select id from alerts
where state in ('open', 'acknowledged', 'in_hand') and subject >> 32 <> 4
  and (suppressed_by is not null
       or exists (select from suppressions where valid @> %(at)s and (ended_at is null or ended_at > %(at)s)))
  and suppressed_by is distinct from suppression_of(rule_id, subject, township_id, grid_id, %(at)s)
  and not (%(hold_only)s and suppression_of(rule_id, subject, township_id, grid_id, %(at)s) is null)
order by id

-- name: hold_or_release
with standing as materialized (
    select id, suppressed_by from alerts
    where id = any(%(ids)s) and state in ('open', 'acknowledged', 'in_hand') order by id for no key update
), changed as (
    update alerts set suppressed_by = suppression_of(alerts.rule_id, alerts.subject, alerts.township_id,
                                                     alerts.grid_id, %(at)s)
    from standing where alerts.id = standing.id
    returning alerts.*, standing.suppressed_by as held_by
)
select changed.id, changed.rule_id, changed.subject, changed.kind, changed.title, changed.level, changed.state,
       changed.revision, changed.township_id, changed.exercise, changed.suppressed_by, changed.held_by,
       alert_name(alerts) as name, township.name as township
from changed join alerts on alerts.id = changed.id
left join division_versions township
       on township.division_id = changed.township_id and township.valid @> %(at)s and upper_inf(township.recorded)
where changed.suppressed_by is distinct from changed.held_by
order by changed.id

-- name: draw_alert_id
select nextval('alerts_id_seq')

-- name: add_report
insert into alerts (id, rule_id, subject, kind, family, title, township_id, grid_id, lon, lat, level, peak, state,
                    exercise, opened_at, changed_at)
overriding system value
values (%(id)s, 'report', %(subject)s, 'manual', %(family)s, %(title)s, %(township_id)s, %(grid_id)s, %(lon)s, %(lat)s,
        %(level)s, %(level)s, 'open', %(exercise)s, %(time)s, %(time)s)

-- name: division_of_code
select divisions.id, divisions.level, division_above(divisions.id, 'township', %(at)s),
       division_above(divisions.id, 'grid', %(at)s), version.name, version.lon, version.lat
from division_versions version join divisions on divisions.id = version.division_id
where version.code = %(code)s and version.valid @> %(at)s and upper_inf(version.recorded)
order by divisions.id limit 2

-- name: boundaries_at
-- Of a level: of all of it, or of what lies below the divisions that are named.
with recursive below as (
    select unnest(%(below)s::integer[]) as id
    union
    select version.division_id from below join division_versions version on version.parent_id = below.id
    where version.valid @> %(at)s and upper_inf(version.recorded)
)
select boundary.division_id, boundary.geometry
from boundary_versions boundary join divisions on divisions.id = boundary.division_id
where divisions.level = %(level)s and boundary.valid @> %(at)s and upper_inf(boundary.recorded)
  and (%(below)s::integer[] is null or boundary.division_id in (select id from below))

-- name: township_name
select name from division_versions where division_id = %(id)s and valid @> %(at)s and upper_inf(recorded)

-- name: subject_of_name
-- A sensor, a device or a gateway by name, as the number of a subject.
select id::bigint from sensors where name = %(name)s
union all
select case when exists (select from devices other where other.gateway = devices.name)
            then 8589934592 else 4294967296 end + id
from devices where name = %(name)s
limit 1

-- name: list_alerts
select alerts.id, alerts.rule_id, alerts.subject, alerts.kind, alerts.family, alerts.title, alert_name(alerts) as name,
       township.name as township, alerts.level, alerts.peak, alerts.state, alerts.cause, alerts.value,
       alerts.exercise, alerts.opened_at, alerts.changed_at, alerts.resolved_at, alerts.closed_at,
       alerts.pending_since, alerts.acknowledged_at, alerts.in_hand_at, alerts.incident_id, alerts.inhibited_by,
       alerts.suppressed_by, alerts.lon, alerts.lat, alerts.revision, alerts.late
from alerts
left join division_versions township
       on township.division_id = alerts.township_id and township.valid @> alerts.opened_at
      and upper_inf(township.recorded)
where (%(id)s::bigint is null or alerts.id = %(id)s)
  and (%(all)s or alerts.state in ('open', 'acknowledged', 'in_hand'))
  and (%(level)s::text is null or alerts.level = %(level)s)
order by alerts.state not in ('open', 'acknowledged', 'in_hand'),
         array_position(array['red', 'orange', 'yellow', 'blue'], alerts.level), alerts.changed_at desc, alerts.id desc
limit %(most)s

-- name: rows_of_alert
select time, kind, from_level, to_level, from_state, to_state, reason, value, retracts, revision, late, note, actor,
       (select name from actors where actors.id = alert_transitions.actor) as actor_name, recorded_at
from alert_transitions where alert_id = %(id)s order by id
