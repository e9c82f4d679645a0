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
    perform pg_advisory_xact_lock(hashtext('readings_partition'));
    if to_regclass(part) is not null then return; end if;
    -- Made apart and attached: ATTACH does not block readers and writers of the other days.
    execute format('create table %I (like readings including all)', part);
    execute format('alter table %I add constraint %I check (time >= %L and time < %L)',
                   part, part || '_day', from_, from_ + interval '1 day');
    execute format('alter table readings attach partition %I for values from (%L) to (%L)',
                   part, from_, from_ + interval '1 day');
    execute format('alter table %I drop constraint %I', part, part || '_day');
end $$;

create function drop_readings_before(oldest timestamptz) returns integer
language plpgsql as $$
declare
    part record;
    dropped integer := 0;
begin
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'readings'::regclass and c.relname ~ '^readings_[0-9]{8}$'
          and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= oldest
    loop
        execute format('drop table %I', part.relname);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
