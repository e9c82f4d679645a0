-- Versions under two clocks, asked for anything: which boundaries hold which point is written down once, for neither
-- changes; every question of when, and of what was known when, is then one query.

-- A code and a name are one division's in its parent, among the versions that hold at the same time and are believed.
-- (What was believed once may have been wrong.) Checked at the end of a statement, or of the transaction where asked.
do $$
declare
    told text;
begin
    select string_agg(format('%s %s and %s %s under division %s', a.code, a.name, b.code, b.name, a.parent_id), '; ')
    into told
    from division_versions a
    join division_versions b on b.parent_id = a.parent_id and (b.code = a.code or b.name = a.name)
         and b.division_id > a.division_id and b.valid && a.valid
    where upper_inf(a.recorded) and upper_inf(b.recorded);
    if told is not null then
        raise exception 'divisions with one code or name in one parent at the same time: %', left(told, 2000)
            using hint = 'give each its own, by a further version of the division, and migrate again',
                  errcode = 'exclusion_violation';
    end if;
end $$;
alter table division_versions
    add constraint one_code_in_parent exclude using gist (parent_id with =, code with =, valid with &&)
        where (upper_inf(recorded)) deferrable initially immediate,
    add constraint one_name_in_parent exclude using gist (parent_id with =, name with =, valid with &&)
        where (upper_inf(recorded)) deferrable initially immediate;

create index sensor_places_of on sensor_places (sensor_id);

-- What is located by itself: where sensors stood, where events were, and what was reported with a position.
create view located_points with (security_invoker = true) as
select 'place' as kind, id, lon, lat from sensor_places where lon is not null
union all
select 'event', id, lon, lat from events where lon is not null
union all
select 'alert', id, lon, lat from alerts where sensor_id is null and lon is not null;
create index reported_places on alerts (id) where sensor_id is null and lon is not null;

-- Derived by geo/hits.py, which alone knows geometry. All points of `points_tested` were held against all boundaries
-- of `boundary_boxes`, and `point_hits` has what touches; what is new since is held against the rest when it is asked.
create table boundary_boxes (
    boundary_id bigint primary key references boundary_versions on delete cascade,
    area        box not null                   -- lon/lat, a little larger than the boundary
);
create index on boundary_boxes using gist (area);
create table points_tested (
    kind        text not null check (kind in ('place', 'event', 'alert')),
    point_id    bigint not null,
    primary key (kind, point_id)
);
create table point_hits (
    kind        text not null check (kind in ('place', 'event', 'alert')),
    point_id    bigint not null,
    boundary_id bigint not null references boundary_versions on delete cascade,
    primary key (kind, point_id, boundary_id)
);
create index on point_hits (boundary_id);

-- Up to which number of `division_changes` all boundaries were tested: where it is that, there is none to look for.
create table hits_kept (
    one    boolean primary key default true check (one),
    number bigint not null
);

-- A row that is written over all the same is tested again.
create function forget_point() returns trigger language plpgsql as $$
begin
    delete from points_tested where kind = tg_argv[0] and point_id = old.id;
    delete from point_hits where kind = tg_argv[0] and point_id = old.id;
    return null;
end $$;
create trigger forgets_hits after update of lon, lat on sensor_places for each row
    when ((old.lon, old.lat) is distinct from (new.lon, new.lat)) execute function forget_point('place');
create trigger forgets_hits_at_all after delete on sensor_places for each row execute function forget_point('place');
create trigger forgets_hits after update of lon, lat on events for each row
    when ((old.lon, old.lat) is distinct from (new.lon, new.lat)) execute function forget_point('event');
create trigger forgets_hits after update of lon, lat on alerts for each row
    when (new.sensor_id is null and (old.lon, old.lat) is distinct from (new.lon, new.lat))
    execute function forget_point('alert');
create function forget_boundary() returns trigger language plpgsql as $$
begin
    delete from boundary_boxes where boundary_id = old.id;
    delete from point_hits where boundary_id = old.id;
    return null;
end $$;
create trigger forgets_hits after update of geometry on boundary_versions for each row
    when (old.geometry is distinct from new.geometry) execute function forget_boundary();

-- The division of a level that one lies in (or is), at an instant in the world, as known at another ('infinity': now).
create function division_above(division integer, wanted text, at timestamptz, known timestamptz) returns integer
language sql stable parallel safe as $$
    with recursive up (id, level, parent_id) as (
        select version.division_id, divisions.level, version.parent_id
        from division_versions version join divisions on divisions.id = version.division_id
        where version.division_id = division and version.valid @> at and version.recorded @> known
        union all
        select version.division_id, divisions.level, version.parent_id
        from up
        join division_versions version on version.division_id = up.parent_id
             and version.valid @> at and version.recorded @> known
        join divisions on divisions.id = version.division_id
        where up.level <> wanted
    )
    select id from up where level = wanted
$$;

-- What has no position was in a division when it was written down. Since then it may have followed a change (0040), so
-- that is the first that it is known to have been in, and the first of those that there was at the time.
create function first_standing(divisions integer[], at timestamptz) returns integer
language sql stable parallel safe as $$
    select id from unnest(divisions) with ordinality as one(id, place)
    where id is not null
    order by exists (select from division_versions version where version.division_id = id
                     and upper_inf(version.recorded) and version.valid @> at) desc, place
    limit 1
$$;
create function division_of_alert(alert alerts) returns integer language sql stable parallel safe as $$
    select case when alert.subject >> 32 = 3 then (alert.subject & 4294967295)::integer
                else coalesce((select first_standing(array[from_grid, from_township], alert.opened_at)
                               from alert_places where alert_id = alert.id order by id limit 1),
                              first_standing(array[alert.grid_id, alert.township_id], alert.opened_at)) end
$$;
create function division_of_event(event events) returns integer language sql stable parallel safe as $$
    select first_standing(
        array(select from_id from boundary_follows where kind = 'event' and subject = event.id::text order by id)
        || array[event.grid_id, event.village_id, event.township_id, event.district_id], event.reported_at)
$$;
create function division_of_run(run plan_runs) returns integer language sql stable parallel safe as $$
    select first_standing(
        array(select from_id from boundary_follows where kind = 'run' and subject = run.id::text order by id)
        || array[run.township_id, run.moved_from], run.started_at)
$$;
create index boundary_follows_of on boundary_follows (kind, subject);
-- Where a run or an event was that one sees is told to whoever sees it, whoever drew the change.
alter policy scope on boundary_follows
    using (exists (select from boundary_drafts where id = draft_id)
           or case kind when 'run' then exists (select from plan_runs where plan_runs.id = subject::bigint)
                        when 'event' then exists (select from events where events.id = subject::bigint)
                        else false end);

-- What is believed now of the boundaries around points: those of `point_hits`, and those that the asker just found.
create function touching(fresh_kinds text[], fresh_points bigint[], fresh_boundaries bigint[])
returns table (kind text, point_id bigint, level text, division_id integer, valid tstzrange)
language sql stable parallel safe as $$
    select hit.kind, hit.point_id, divisions.level, version.division_id, version.valid
    from (
        select point_hits.kind, point_hits.point_id, point_hits.boundary_id from point_hits
        union
        select * from unnest(fresh_kinds, fresh_points, fresh_boundaries)
    ) hit
    join boundary_versions version on version.id = hit.boundary_id and upper_inf(version.recorded)
    join divisions on divisions.id = version.division_id
$$;

-- What history counts besides readings: when it was, how grave, and where: at a point, or (stored) in a division.
create function history_things(what text, since timestamptz, until timestamptz)
returns table (id bigint, at timestamptz, grade text, kind text, point_id bigint, stored integer)
language sql stable parallel safe as $$
    select alert.id, alert.opened_at, alert.peak, case when alert.sensor_id is null then 'alert' else 'place' end,
           case when alert.sensor_id is not null then place.id when alert.lon is not null then alert.id end,
           case when alert.sensor_id is null and alert.lon is null then division_of_alert(alert) end
    from alerts alert
    left join sensor_places place on place.sensor_id = alert.sensor_id and upper_inf(place.recorded)
         and place.valid @> alert.opened_at
    where what = 'alerts' and alert.opened_at >= since and alert.opened_at < until
      and (not alert.exercise or is_exercise())
    union all
    select event.id, event.reported_at, '', 'event', case when event.lon is not null then event.id end,
           case when event.lon is null then division_of_event(event) end
    from events event
    where what = 'events' and event.reported_at >= since and event.reported_at < until
      and (not event.exercise or is_exercise())
    union all
    select run.id, run.started_at, run.level, 'run', null, division_of_run(run)
    from plan_runs run
    where what = 'runs' and run.started_at >= since and run.started_at < until
      and (not run.exercise or is_exercise())
$$;

-- What the pages may read. The hits of places are numbers alone, as sensor_divisions is; others go by what they are of.
grant select on boundary_boxes, points_tested, point_hits, hits_kept, located_points to shijing_web;
alter table point_hits enable row level security;
create policy scope on point_hits for select to shijing_web
    using ((select sees_all())
           or case kind when 'place' then true
                        when 'event' then exists (select from events where events.id = point_id)
                        else exists (select from alerts where alerts.id = point_id) end);

-- Rollups in the scope of whoever asks, as scoped.readings (0031).
create view scoped.readings_1m with (security_barrier) as
select * from public.readings_1m rollup where (select sees_all()) or exists (
    select from sensor_divisions place
    where place.sensor_id = rollup.sensor_id and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id = any(array(select in_scope())));
create view scoped.readings_1h with (security_barrier) as
select * from public.readings_1h rollup where (select sees_all()) or exists (
    select from sensor_divisions place
    where place.sensor_id = rollup.sensor_id and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id = any(array(select in_scope())));
grant select on scoped.readings_1m, scoped.readings_1h to shijing_web;
