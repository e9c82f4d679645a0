-- Readings as native range partitions by UTC day, made ahead and on demand
-- (ensure_readings_partition), dropped by age (drop_readings_before).

create table readings (
    sensor_id integer not null,
    time      timestamptz not null,
    value     double precision not null,
    late      boolean not null,     -- came after the allowed lateness, or behind the sensor's watermark
    judged    boolean not null,     -- went through the kernel when it came
    primary key (sensor_id, time)
) partition by range (time);

create function ensure_readings_partition(day date) returns void
language plpgsql as $$
declare
    part text := 'readings_' || to_char(day, 'YYYYMMDD');
    from_ timestamptz := day::timestamp at time zone 'UTC';
begin
    if to_regclass(part) is not null then return; end if;
    -- The lock that ATTACH takes anyway: readers and writers pass it, another maker waits.
    -- An advisory lock would not do: after it, to_regclass may still answer from the
    -- session's cache that there is no such table.
    lock table only readings in share update exclusive mode;
    if to_regclass(part) is not null then return; end if;
    -- Made apart and attached: CREATE … PARTITION OF would block readers and writers.
    execute format('create table %I (like readings including all)', part);
    execute format('alter table readings attach partition %I for values from (%L) to (%L)',
                   part, from_, from_ + interval '1 day');
end $$;

-- Drops whole days that ended by `oldest`; returns how many. It blocks readers and
-- writers for a moment: set a lock_timeout and come again.
create function drop_readings_before(oldest timestamptz) returns integer
language plpgsql as $$
declare
    parts regclass[] := array(
        select c.oid from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'readings'::regclass
          and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= oldest);
    part regclass;
begin
    if cardinality(parts) = 0 or not close_rollups_before(oldest) then return 0; end if;
    foreach part in array parts loop
        execute format('drop table %s', part);
    end loop;
    return cardinality(parts);
end $$;
