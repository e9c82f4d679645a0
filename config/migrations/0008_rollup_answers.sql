-- What is asked of the rollups, whichever form stores them. Every batch marks the hours
-- it touched; a refresh takes marked hours over; the views answer marked hours from the
-- readings themselves, so they are exact at any moment.

create table rollup_marks (
    id    bigint generated always as identity primary key,
    hour  timestamptz not null
);

-- Rollups outlive their readings. Those of hours before this are closed: a reading that
-- comes later still is stored, and changes them no more.
create table rollups_closed (
    before timestamptz not null
);
insert into rollups_closed values ('-infinity');

create function mark_rollups(hours timestamptz[]) returns void language sql as $$
    insert into rollup_marks (hour)
    select hour from unnest(hours) as hour where hour >= (select before from rollups_closed)
$$;

-- Before readings are dropped: false where a reading before `oldest` is not in the
-- stored rollups yet. The lock waits for writers that have not committed their marks,
-- and holds the next ones back until the drop is committed.
create function close_rollups_before(oldest timestamptz) returns boolean
language plpgsql as $$
declare
    day timestamptz := date_trunc('day', oldest, 'UTC');
begin
    lock table only readings in access exclusive mode;
    if exists (select from rollup_marks where hour < day) then return false; end if;
    update rollups_closed set before = greatest(before, day);
    return true;
end $$;

create function rollup(width interval, from_ timestamptz, to_ timestamptz)
returns table (sensor_id integer, bucket timestamptz, n bigint, average double precision,
               minimum double precision, maximum double precision,
               first double precision, last double precision)
language sql stable as $$
    select sensor_id, date_bin(width, time, timestamptz '2000-01-01 00:00:00+00'),
           count(*), avg(value), min(value), max(value),
           (array_agg(value order by time))[1], (array_agg(value order by time))[count(*)::integer]
    from readings where time >= from_ and time < to_
    group by 1, 2
$$;

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
