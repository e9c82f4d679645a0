-- 1-minute and 1-hour rollups for servers without continuous aggregates. Every batch
-- marks the hours it touched; a refresh rebuilds marked hours; the views answer marked
-- hours from the readings themselves, so they are exact at any moment.

create table rollup_marks (
    id    bigint generated always as identity primary key,
    hour  timestamptz not null
);

create function mark_rollups(hours timestamptz[]) returns void language sql as $$
    insert into rollup_marks (hour) select unnest(hours)
$$;

create table readings_1m_stored (
    sensor_id integer not null,
    bucket    timestamptz not null,
    n         bigint not null,
    average   double precision not null,
    minimum   double precision not null,
    maximum   double precision not null,
    first     double precision not null,
    last      double precision not null,
    primary key (bucket, sensor_id)
);
create table readings_1h_stored (like readings_1m_stored including all);

create function rollup(width interval, from_ timestamptz, to_ timestamptz)
returns setof readings_1m_stored language sql stable as $$
    select sensor_id, date_bin(width, time, timestamptz '2000-01-01 00:00:00+00'),
           count(*), avg(value), min(value), max(value),
           (array_agg(value order by time))[1], (array_agg(value order by time desc))[1]
    from readings where time >= from_ and time < to_
    group by 1, 2
$$;

-- Rebuilds the hours marked so far; returns how many. Marks of batches that commit
-- meanwhile stay: only the ids seen by this transaction's snapshot are deleted.
create function refresh_rollups() returns integer language plpgsql as $$
declare
    seen bigint[];
    hour_ timestamptz;
    hours integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('refresh_rollups'));
    select array_agg(id) into seen from rollup_marks;
    for hour_ in select distinct hour from rollup_marks where id = any(seen) loop
        delete from readings_1m_stored where bucket >= hour_ and bucket < hour_ + interval '1 hour';
        delete from readings_1h_stored where bucket = hour_;
        insert into readings_1m_stored
            select * from rollup(interval '1 minute', hour_, hour_ + interval '1 hour');
        insert into readings_1h_stored
            select * from rollup(interval '1 hour', hour_, hour_ + interval '1 hour');
        hours := hours + 1;
    end loop;
    delete from rollup_marks where id = any(seen);
    return hours;
end $$;

create view readings_1m as
    select * from readings_1m_stored
    where date_bin(interval '1 hour', bucket, timestamptz '2000-01-01 00:00:00+00')
          not in (select hour from rollup_marks)
    union all
    select fresh.* from (select distinct hour from rollup_marks) marked,
           lateral rollup(interval '1 minute', marked.hour, marked.hour + interval '1 hour') fresh;

create view readings_1h as
    select * from readings_1h_stored where bucket not in (select hour from rollup_marks)
    union all
    select fresh.* from (select distinct hour from rollup_marks) marked,
           lateral rollup(interval '1 hour', marked.hour, marked.hour + interval '1 hour') fresh;
