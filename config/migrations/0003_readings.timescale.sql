-- Readings as a hypertable with chunks of one UTC day. The two functions keep the
-- interface of the native form: chunks make themselves, drop_chunks drops by age.

create extension if not exists timescaledb;

create table readings (
    sensor_id integer not null,
    time      timestamptz not null,
    value     double precision not null,
    late      boolean not null,     -- came after the allowed lateness, or behind the sensor's watermark
    judged    boolean not null,     -- went through the kernel when it came
    primary key (sensor_id, time)
);
select create_hypertable('readings', 'time', chunk_time_interval => interval '1 day',
                         create_default_indexes => false);

create function ensure_readings_partition(day date) returns void
language sql as $$ select $$;

-- Drops whole days that ended by `oldest`; returns how many. It blocks readers and
-- writers for a moment: set a lock_timeout and come again.
create function drop_readings_before(oldest timestamptz) returns integer
language plpgsql as $$
begin
    if not exists (select from show_chunks('readings', older_than => oldest))
       or not close_rollups_before(oldest) then return 0; end if;
    return (select count(*)::integer from drop_chunks('readings', older_than => oldest));
end $$;
