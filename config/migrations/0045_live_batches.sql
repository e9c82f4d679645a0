-- What the last batches wrote, so that the screens are told of these readings and nobody looks at every sensor for them.
-- Of each sensor of a batch its newest reading, packed: 20 bytes each, little-endian: sensor int4, time µs since 1970
-- int8, value float8 (ingest/newest.py). Written with the batch, so it is seen when the batch is, and not before.
-- Numbers of a partition follow each other without a gap and in the order of commits: its writers come one after the
-- other (the fence). Who reads remembers a number for each partition, so that none waits for another. Not logged:
-- after a crash it is empty, and whoever reads it begins with the newest readings of all sensors.
create unlogged table live_batches (
    partition text not null,
    number    bigint not null,
    readings  bytea not null,
    primary key (partition, number)
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
alter table live_batches alter column readings set storage external;

-- For whoever sees all: a batch is of sensors everywhere.
alter table live_batches enable row level security;
create policy scope on live_batches for select to shijing_web using ((select sees_all()));
grant select on live_batches to shijing_web;

-- The sensors that lie in a division and in the scope; of none: all of the scope. A sensor's divisions lie in one
-- another, so where it lies in both, one of its divisions does.
create function sensors_in_view(division integer) returns setof integer language sql stable parallel safe
security definer rows 2000 set search_path = public, pg_temp
begin atomic
    select seen.id from sensors_in_scope() seen (id) where sensors_in_view.division is null
    union all
    select distinct place.sensor_id from sensor_divisions place
    where sensors_in_view.division is not null and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id = any(array(
          select below.descendant_id from division_closure below
          where below.ancestor_id = sensors_in_view.division
            and (sees_all() or below.descendant_id in (select in_scope()))));
end;

-- Whether somebody may look at a division: it lies in the scope, or the scope in it.
create function may_view(division integer) returns boolean language sql stable parallel safe
security definer set search_path = public, pg_temp
begin atomic
    select exists (select from divisions where id = may_view.division)
       and (sees_all() or may_view.division in (select around_scope()));
end;

-- As sensors_placed and newest_readings (0033), of some sensors only.
create function sensors_of_scope(asked integer[]) returns setof integer language sql stable parallel safe
security definer rows 1000 set search_path = public, pg_temp
begin atomic
    select sensors.id from sensors
    where sensors.id = any(sensors_of_scope.asked) and (sees_all() or exists (
        select from sensor_divisions place
        where place.sensor_id = sensors.id and upper_inf(place.recorded) and place.valid @> now()
          and place.division_id = any(array(select in_scope()))));
end;
create function sensors_placed(at timestamptz, asked integer[]) returns table (
    id integer, name text, label text, quantity text, unit text, datum text, river text, levels jsonb, source text,
    interval_s integer, lon double precision, lat double precision)
language sql stable parallel safe security definer rows 1000 set search_path = public, pg_temp
begin atomic
    select sensors.id, sensors.name, sensors.label, sensors.quantity, sensors.unit, sensors.datum, sensors.river,
           sensors.levels, sensors.source, sensors.interval_s, place.lon, place.lat
    from sensors_of_scope(sensors_placed.asked) seen (id)
    join sensors on sensors.id = seen.id
    left join sensor_places place
           on place.sensor_id = sensors.id and place.valid @> sensors_placed.at and upper_inf(place.recorded)
    where place.reason is distinct from 'retired';
end;
create function newest_readings(asked integer[])
returns table (sensor_id integer, times timestamptz[], readings double precision[])
language sql stable parallel safe security definer rows 1000 set search_path = public, pg_temp
begin atomic
    select seen.id, newest.times, newest.readings
    from sensors_of_scope(newest_readings.asked) seen (id)
    cross join lateral (
        select array_agg(two.time) as times, array_agg(two.value) as readings
        from (select time, value from readings where readings.sensor_id = seen.id order by time desc limit 2) two
    ) newest
    where newest.times is not null;
end;
