-- 1-minute and 1-hour rollups for servers without continuous aggregates: tables that are
-- rebuilt by the hour. Asked for through the views of 0008.

create table readings_1m_stored (
    sensor_id integer not null,
    bucket    timestamptz not null,
    n         bigint not null,
    average   double precision not null,
    minimum   double precision not null,
    maximum   double precision not null,
    first     double precision not null,
    last      double precision not null,
    primary key (sensor_id, bucket)
);
create table readings_1h_stored (like readings_1m_stored including all);
create index on readings_1m_stored (bucket);
create index on readings_1h_stored (bucket);

-- Takes over the hours that are marked and over by `until`, each in a transaction of its
-- own. Marks of batches that commit meanwhile stay: only those seen before the readings
-- were read are deleted.
create procedure refresh_rollups(until timestamptz, out hours integer)
language plpgsql as $$
declare
    hour_ timestamptz;
    seen bigint[];
begin
    hours := 0;
    for hour_ in select distinct hour from rollup_marks where hour + interval '1 hour' <= until order by 1 loop
        perform pg_advisory_xact_lock(hashtext('refresh_rollups'));
        select array_agg(id) into seen from rollup_marks where hour = hour_;
        delete from readings_1m_stored where bucket >= hour_ and bucket < hour_ + interval '1 hour';
        delete from readings_1h_stored where bucket = hour_;
        insert into readings_1m_stored
            select * from rollup(interval '1 minute', hour_, hour_ + interval '1 hour');
        insert into readings_1h_stored
            select * from rollup(interval '1 hour', hour_, hour_ + interval '1 hour');
        delete from rollup_marks where id = any(seen);
        commit;
        hours := hours + 1;
    end loop;
end $$;
