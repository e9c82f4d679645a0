-- What follows a published draft. Whose land became whose is told by the rows of division_lineage that it wrote:
-- `heirs`: from a division that is gone, or (split) from one that stays to a part that was made of it.

-- name: create_heirs
-- `is_gone`: the former does not exist from the date of effect on. `within`: all of the heir was the former's, or so
-- much that what was meant for the former may be meant for it. `place`: 1 for the one with most of the land.
create temp table heirs on commit drop as
select line.from_id, line.to_id, coalesce(line.share_of_to >= 0.95, false) as within, coalesce(line.share, 0) as share,
       not exists (select from division_versions v where v.division_id = line.from_id and upper_inf(v.recorded)
                   and v.valid @> line.effective) as is_gone,
       row_number() over (partition by line.from_id order by line.share desc nulls last, line.to_id) as place
from division_lineage line
where line.draft_id = %(draft)s and line.kind in ('split', 'merge') and line.from_id <> line.to_id

-- name: drop_heirs
drop table heirs

-- name: lock_holders
-- Whoever changes the posts of these people waits, and is waited for (people/history.py).
select people.id from people where id in (
    select person_id from post_holdings join heirs on heirs.from_id = division_id
    where upper_inf(recorded) and coalesce(upper(valid) > %(effective)s, true)
    union
    select person_id from shifts join heirs on heirs.from_id = division_id
    where upper_inf(recorded) and upper(during) > %(effective)s)
order by id for no key update

-- name: follow_posts
-- Of {held}, post_holdings or shifts, which hold during {span}. Who holds a post of a division that is gone holds it for
-- its heir; who holds one of a division that was split holds it for the part, too, until somebody changes that.
with concerned as materialized (
    select held.*, heirs.is_gone from {held} held
    join (select distinct from_id, is_gone from heirs) heirs on heirs.from_id = held.division_id
    where upper_inf(held.recorded) and coalesce(upper(held.{span}) > %(effective)s, true)
), closed as (
    update {held} held set recorded = tstzrange(lower(held.recorded), %(recorded)s)
    from concerned where concerned.id = held.id and concerned.is_gone
    returning held.*
), kept as (
    insert into {held} (person_id, post, division_id, {span}, recorded)
    select person_id, post, division_id, tstzrange(lower({span}), %(effective)s), tstzrange(%(recorded)s, null)
    from closed where lower({span}) < %(effective)s
), wanted as (
    select concerned.person_id, concerned.post, heirs.to_id as division_id,
           range_agg(tstzrange(greatest(lower(concerned.{span}), %(effective)s), upper(concerned.{span}))) as spans
    from concerned join heirs on heirs.from_id = concerned.division_id
    group by concerned.person_id, concerned.post, heirs.to_id
), begun as (
    insert into {held} (person_id, post, division_id, {span}, recorded)
    select wanted.person_id, wanted.post, wanted.division_id,
           unnest(wanted.spans - coalesce((
               select range_agg(there.{span}) from {held} there
               where there.person_id = wanted.person_id and there.post = wanted.post
                 and there.division_id = wanted.division_id and upper_inf(there.recorded)), tstzmultirange())),
           tstzrange(%(recorded)s, null)
    from wanted
    returning id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, %(kind)s, concerned.person_id || ' ' || concerned.post, heirs.from_id, heirs.to_id
from concerned join heirs on heirs.from_id = concerned.division_id

-- name: follow_organisations
with concerned as materialized (
    select covers.*, heirs.is_gone from organisation_divisions covers
    join (select distinct from_id, is_gone from heirs) heirs on heirs.from_id = covers.division_id
    where upper_inf(covers.recorded) and coalesce(upper(covers.valid) > %(effective)s, true)
), closed as (
    update organisation_divisions set recorded = tstzrange(lower(organisation_divisions.recorded), %(recorded)s)
    from concerned where concerned.id = organisation_divisions.id and concerned.is_gone
    returning organisation_divisions.*
), kept as (
    insert into organisation_divisions (organisation_id, division_id, valid, recorded)
    select organisation_id, division_id, tstzrange(lower(valid), %(effective)s), tstzrange(%(recorded)s, null)
    from closed where lower_inf(valid) or lower(valid) < %(effective)s
), wanted as (
    select concerned.organisation_id, heirs.to_id as division_id,
           range_agg(concerned.valid * tstzrange(%(effective)s, null)) as valid
    from concerned join heirs on heirs.from_id = concerned.division_id
    group by concerned.organisation_id, heirs.to_id
), begun as (
    insert into organisation_divisions (organisation_id, division_id, valid, recorded)
    select wanted.organisation_id, wanted.division_id,
           unnest(wanted.valid - coalesce((
               select range_agg(there.valid) from organisation_divisions there
               where there.organisation_id = wanted.organisation_id and there.division_id = wanted.division_id
                 and upper_inf(there.recorded)), '{}')),
           tstzrange(%(recorded)s, null)
    from wanted
    returning id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'organisation', concerned.organisation_id::text, heirs.from_id, heirs.to_id
from concerned join heirs on heirs.from_id = concerned.division_id

-- name: follow_roles
-- A right reaches the parts of what it reached. It does not grow by itself: where a division is merged into a larger
-- one, an administrator decides, and until then it stays with what is gone.
with concerned as materialized (
    select held.*, heirs.to_id, heirs.within from account_roles held join heirs on heirs.from_id = held.division_id
    where coalesce(upper(held.valid) > %(effective)s, true)
), begun as (
    insert into account_roles (account_id, role, division_id, valid, granted_by)
    select account_id, role, to_id,
           unnest(wanted.valid - coalesce((
               select range_agg(there.valid) from account_roles there
               where there.account_id = wanted.account_id and there.role = wanted.role
                 and there.division_id = wanted.to_id), '{}')),
           %(actor)s
    from (select account_id, role, to_id, range_agg(valid * tstzrange(%(effective)s, null)) as valid
          from concerned where within group by account_id, role, to_id) wanted
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'role', account_id || ' ' || role, division_id, case when within then to_id end from concerned

-- name: note_tokens
-- A token has one division: whoever uses it makes another.
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select distinct %(draft)s::uuid, 'token', api_tokens.id::text, api_tokens.division_id, null::integer
from api_tokens join heirs on heirs.from_id = api_tokens.division_id and heirs.is_gone
where revoked_at is null and expires_at > %(effective)s

-- name: follow_suppressions
-- What is shelved stays shelved in the parts. Where it would grow, by a merge, it does not: an alert more is the safe
-- side, and somebody decides.
with concerned as materialized (
    select suppressions.*, heirs.from_id, heirs.to_id, heirs.within, heirs.is_gone
    from suppressions join heirs on heirs.from_id = suppressions.division_id
    where upper(valid) > %(at)s and ended_at is null
      and not exists (select from boundary_follows done where done.draft_id = %(draft)s
                      and done.kind = 'suppression' and done.subject = suppressions.id::text)
), begun as (
    insert into suppressions (kind, rule_id, subject, division_id, valid, reason, actor)
    select kind, rule_id, subject, to_id, tstzrange(greatest(lower(valid), %(at)s), upper(valid)), reason, actor
    from concerned where within
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'suppression', id::text, from_id, case when within then to_id end from concerned

-- name: follow_residents
-- All of a merged division's go to its heir. Of one that was split nobody knows who lives where: they are kept for
-- what both parts lie in, where residents are kept there.
with gone as (
    select heirs.from_id, count(*) as heirs, (array_agg(heirs.to_id order by place))[1] as heir,
           array_agg(distinct version.parent_id) as parents
    from heirs
    left join division_versions version on version.division_id = heirs.to_id and upper_inf(version.recorded)
         and version.valid @> %(at)s
    where heirs.is_gone group by heirs.from_id
), target as (
    select from_id, case when heirs = 1 then heir
                         when cardinality(parents) = 1 and exists (
                             select from divisions where id = parents[1] and level in ('village', 'township'))
                         then parents[1] end as to_id
    from gone
), moved as (
    update residents set division_id = coalesce(target.to_id, residents.division_id) from target
    where residents.division_id = target.from_id and (upper_inf(valid) or upper(valid) > %(at)s)
    returning residents.id, target.from_id, target.to_id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'resident', id::text, from_id, to_id from moved

-- name: clock
-- The one that alerts go by: that which was told to a pipeline, else the machine's.
select coalesce(max(clock), statement_timestamp()) from partitions

-- name: alerts_out_of_place
-- Open alerts whose subject belongs elsewhere by now, locked in the order in which all writers lock them. What is about
-- a division, or was reported by people, goes to the heirs of what is gone. An alert of `since` or later was raised
-- while the draft was being published: its place is put right also where it is over.
with open as materialized (
    select id, subject, (subject & 4294967295)::integer as low, township_id, grid_id, lon, lat
    from alerts where state in ('open', 'acknowledged', 'in_hand') or opened_at >= %(since)s
), anchored as (
    select open.*, case subject >> 32
               when 0 then low
               when 1 then (select min(id) from sensors where device_id = low)
               when 2 then coalesce(
                   (select min(id) from sensors where device_id = low),
                   (select min(sensors.id) from sensors
                    join devices on devices.id = sensors.device_id
                    join devices gateway on gateway.name = devices.gateway where gateway.id = low)) end as anchor
    from open
), located as (
    select id, township_id, grid_id,
           case when anchor is null
                then coalesce((select to_id from heirs where from_id = township_id and is_gone and place = 1), township_id)
                else (select division_id from sensor_divisions where sensor_id = anchor and level = 'township'
                      and valid @> %(at)s and upper_inf(recorded)) end as to_township,
           case when anchor is null
                then coalesce((select to_id from heirs where from_id = grid_id and is_gone and place = 1), grid_id)
                else (select division_id from sensor_divisions where sensor_id = anchor and level = 'grid'
                      and valid @> %(at)s and upper_inf(recorded)) end as to_grid
    from anchored
), out_of_place as materialized (
    select id, coalesce(to_township, township_id) as to_township, to_grid from located
    where (township_id, grid_id) is distinct from (coalesce(to_township, township_id), to_grid)
)
select alerts.id, alerts.township_id, alerts.grid_id, out_of_place.to_township, out_of_place.to_grid
from alerts join out_of_place using (id)
where alerts.state in ('open', 'acknowledged', 'in_hand') or alerts.opened_at >= %(since)s
order by alerts.id for no key update of alerts

-- name: reports_in_divisions
-- Open reports of people, and open events, with a place of their own, in divisions that may have changed.
select 'alert' as kind, id, lon, lat, township_id, grid_id from alerts
where state in ('open', 'acknowledged', 'in_hand') and subject >> 32 = 4 and lon is not null
  and (township_id = any(%(divisions)s) or grid_id = any(%(divisions)s))
union all
select 'event', id, lon, lat, township_id, grid_id from events
where state <> 'closed' and lon is not null
  and (township_id = any(%(divisions)s) or grid_id = any(%(divisions)s))

-- name: places_of_alerts
select id, township_id, grid_id from alerts
where id = any(%(ids)s) and state in ('open', 'acknowledged', 'in_hand') order by id for no key update

-- name: move_alerts
-- Rows: alert_id, to_township, to_grid. What they were is kept.
with new as materialized (
    select * from jsonb_to_recordset(%(rows)s) as (alert_id bigint, to_township integer, to_grid integer)
), former as materialized (
    select alerts.id, alerts.township_id, alerts.grid_id, new.to_township, new.to_grid
    from alerts join new on new.alert_id = alerts.id
    where (alerts.township_id, alerts.grid_id) is distinct from (new.to_township, new.to_grid)
), moved as (
    update alerts set township_id = former.to_township, grid_id = former.to_grid
    from former where alerts.id = former.id
)
insert into alert_places (alert_id, from_township, from_grid, to_township, to_grid, at, draft_id)
select id, township_id, grid_id, to_township, to_grid, %(at)s, %(draft)s from former

-- name: lock_families_of
select pg_advisory_xact_lock(hashtext('incidents'), key)
from (select distinct hashtext(coalesce(nullif(family, ''), rule_id)) as key
      from alerts where id = any(%(ids)s) order by key) keys

-- name: move_cells
-- The footprint of incidents follows their open alerts; what is over stays where it was.
with moved as materialized (
    select coalesce(incidents.merged_into, incidents.id) as incident_id, place.from_township, place.from_grid,
           place.to_township, place.to_grid, alerts.opened_at
    from alerts
    join incidents on incidents.id = alerts.incident_id
    join jsonb_to_recordset(%(rows)s) as place(
        alert_id bigint, from_township integer, from_grid integer, to_township integer, to_grid integer)
      on place.alert_id = alerts.id
    where num_nonnulls(place.from_township, place.from_grid) > 0 and num_nonnulls(place.to_township, place.to_grid) > 0
), leaving as (
    select incident_id, from_township, from_grid, count(*) as alerts from moved group by 1, 2, 3
), arriving as (
    select incident_id, to_township, to_grid, count(*) as alerts, min(opened_at) as first_at, max(opened_at) as last_at
    from moved group by 1, 2, 3
), emptied as (
    delete from incident_cells cell using leaving
    where cell.incident_id = leaving.incident_id and cell.place = ''
      and cell.township_id is not distinct from leaving.from_township
      and cell.grid_id is not distinct from leaving.from_grid and cell.alerts <= leaving.alerts
), lessened as (
    update incident_cells cell set alerts = cell.alerts - leaving.alerts from leaving
    where cell.incident_id = leaving.incident_id and cell.place = ''
      and cell.township_id is not distinct from leaving.from_township
      and cell.grid_id is not distinct from leaving.from_grid and cell.alerts > leaving.alerts
)
insert into incident_cells as old (incident_id, township_id, grid_id, place, first_at, last_at, alerts)
select incident_id, to_township, to_grid, '', first_at, last_at, alerts from arriving
on conflict (incident_id, township_id, grid_id, place) do update
set first_at = least(old.first_at, excluded.first_at), last_at = greatest(old.last_at, excluded.last_at),
    alerts = old.alerts + excluded.alerts

-- name: lock_runs
select pg_advisory_xact_lock(hashtext('plan_runs'))

-- name: move_runs
-- Open runs of a township that is gone go on in its heir.
with moved as (
    update plan_runs set township_id = heirs.to_id, moved_from = heirs.from_id
    from heirs where heirs.from_id = plan_runs.township_id and heirs.is_gone and heirs.place = 1
      and plan_runs.state in ('proposed', 'open')
    returning plan_runs.id, heirs.from_id, heirs.to_id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'run', id::text, from_id, to_id from moved
returning subject::bigint

-- name: move_run_grids
-- An open run is about the heirs of its grids that are gone, and about where its alerts are now.
with open as (
    select id from plan_runs where state in ('proposed', 'open')
), gone as (
    delete from run_grids using heirs, open
    where run_grids.grid_id = heirs.from_id and heirs.is_gone and open.id = run_grids.run_id
    returning run_grids.run_id, run_grids.grid_id, run_grids.joined_at
), wanted as (
    select gone.run_id, heirs.to_id as grid_id, min(gone.joined_at) as joined_at, min(gone.grid_id) as from_id
    from gone join heirs on heirs.from_id = gone.grid_id group by 1, 2
    union
    select run_alerts.run_id, alerts.grid_id, %(at)s, place.from_grid
    from alert_places place
    join alerts on alerts.id = place.alert_id and alerts.grid_id is not null
    join run_alerts on run_alerts.alert_id = alerts.id
    join open on open.id = run_alerts.run_id
    where place.draft_id = %(draft)s and place.from_grid is not null
), joined as (
    insert into run_grids (run_id, grid_id, joined_at)
    select run_id, grid_id, min(joined_at) from wanted group by 1, 2
    on conflict do nothing
    returning run_id, grid_id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select distinct on (run_id, grid_id) %(draft)s::uuid, 'run_grid', run_id::text, from_id, grid_id
from wanted join joined using (run_id, grid_id)
returning subject::bigint

-- name: move_assignments
-- Whoever still has to answer for a place that is gone answers for its heir. Where that has the same task already, the
-- one of the place that is gone is stood down, unless somebody has answered it: then that goes on as it is.
with concerned as materialized (
    select one.id, one.run_id, one.task_id, one.round, one.state, heirs.from_id, heirs.to_id,
           row_number() over (partition by one.task_id, heirs.to_id, one.round
                              order by one.state in ('acknowledged', 'on_site') desc, one.id) as turn,
           exists (select from assignments there where there.task_id = one.task_id and there.round = one.round
                   and there.division_id = heirs.to_id) as is_taken
    from assignments one join heirs on heirs.from_id = one.division_id and heirs.is_gone and heirs.place = 1
    where one.ended_at is null
), moved as (
    update assignments set division_id = concerned.to_id from concerned
    where concerned.id = assignments.id and not concerned.is_taken and concerned.turn = 1
    returning assignments.id, assignments.run_id, assignments.task_id, concerned.from_id, concerned.to_id
), ended as (
    update assignments set state = 'stood_down', ended_at = %(at)s, next_at = null from concerned
    where concerned.id = assignments.id and (concerned.is_taken or concerned.turn > 1)
      and concerned.state not in ('acknowledged', 'on_site')
    returning assignments.id, assignments.run_id, assignments.task_id, concerned.from_id
), taken_back as (
    update calls set ended_at = %(at)s where assignment_id in (select id from ended) and ended_at is null
    returning id
), unsent as (
    update deliveries set state = 'skipped', detail = 'taken back'
    where call_id in (select id from taken_back) and state = 'due'
), noted as (
    insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
    select %(draft)s, 'assignment', id::text, from_id, to_id from moved
    union all
    select %(draft)s, 'assignment', id::text, from_id, null from ended
)
select id, run_id, task_id from moved union all select id, run_id, task_id from ended

-- name: runs_going_on
select id from plan_runs where id = any(%(ids)s) and state = 'open' order by id

-- name: move_events
-- Rows: event_id, level, to_id: the division of that level that has it now.
with new as materialized (
    select * from jsonb_to_recordset(%(rows)s) as (event_id bigint, to_id integer)
), former as materialized (
    select events.id, new.to_id, events.level = %(level)s as is_theirs,
           case %(level)s when 'grid' then events.grid_id when 'township' then events.township_id
                          when 'district' then events.district_id end as from_id
    from events join new on new.event_id = events.id where events.state <> 'closed'
    order by events.id for no key update of events
), moved as (
    update events set grid_id = case when %(level)s = 'grid' then former.to_id else grid_id end,
                      township_id = case when %(level)s = 'township' then former.to_id else township_id end,
                      district_id = case when %(level)s = 'district' then former.to_id else district_id end,
                      division_id = case when is_theirs then former.to_id else division_id end
    from former where events.id = former.id and former.from_id is distinct from former.to_id
    returning events.id, former.from_id, former.to_id
)
insert into boundary_follows (draft_id, kind, subject, from_id, to_id)
select %(draft)s, 'event', id::text, from_id, to_id from moved where from_id is not null

-- name: events_of_gone
select events.id, heirs.to_id from events
join heirs on heirs.is_gone and heirs.place = 1 and heirs.from_id = case %(level)s
     when 'grid' then events.grid_id when 'township' then events.township_id when 'district' then events.district_id end
where events.state <> 'closed'

-- name: alerts_to_tell
select id as alert_id, subject, coalesce(alert_name(alerts), '') as sensor, rule_id as rule, level as "from",
       level as "to", state, 'boundaries' as reason
from alerts where id = any(%(ids)s) order by id

-- name: log_live_events
select count(log_live_event(event.kind, event.payload))
from jsonb_to_recordset(%(rows)s) as event(kind text, payload jsonb)

-- name: touched_divisions
-- Those of a draft, by the versions and the lineage that it wrote.
select division_id from division_versions where recorded && tstzrange(%(recorded)s, %(recorded)s, '[]')
   and (lower(recorded) = %(recorded)s or upper(recorded) = %(recorded)s)
union
select division_id from boundary_versions where lower(recorded) = %(recorded)s or upper(recorded) = %(recorded)s

-- name: due_drafts
-- Not taken over yet; or taken over a moment ago and not looked after yet.
select id from boundary_drafts
where published_at is not null and effective <= statement_timestamp()
  and (taken_over_at is null
       or looked_after_at is null and taken_over_at < statement_timestamp() - make_interval(secs => %(after_s)s))
order by effective, id

-- name: lock_due
-- Looked at again once it is locked: another process may have done it meanwhile.
select id, level, root_id, effective, recorded, taken_over_at from boundary_drafts
where id = %(draft)s and published_at is not null
  and (taken_over_at is null
       or looked_after_at is null and taken_over_at < statement_timestamp() - make_interval(secs => %(after_s)s))
for update

-- name: mark_taken_over
update boundary_drafts set taken_over_at = coalesce(taken_over_at, greatest(statement_timestamp(), effective)),
    looked_after_at = case when taken_over_at is not null then statement_timestamp() end
where id = %(draft)s

-- name: move_placement
-- Pipelines build their memory again; batches wait from here to the commit.
update placement set version = version + 1

-- name: hold_placement
select pg_advisory_xact_lock(hashtext('placement'))

-- name: wake_pipelines
select pg_notify('shijing_registry', '')

-- name: refresh_closure
select refresh_division_closure()
