-- 1-minute and 1-hour rollups as continuous aggregates, with compression (TimescaleDB's
-- community edition). Buckets are in UTC. Asked for through the views of 0008, which
-- answer hours with new readings from these: so the aggregates hold finished hours
-- only, and are refreshed by the hours marked, not by a policy with a fixed reach.

create materialized view readings_1m_stored
with (timescaledb.continuous, timescaledb.materialized_only = true) as
    select sensor_id, time_bucket(interval '1 minute', time) as bucket,
           count(*) as n, avg(value) as average, min(value) as minimum, max(value) as maximum,
           first(value, time) as first, last(value, time) as last
    from readings group by 1, 2
with no data;

create materialized view readings_1h_stored
with (timescaledb.continuous, timescaledb.materialized_only = true) as
    select sensor_id, time_bucket(interval '1 hour', time) as bucket,
           count(*) as n, avg(value) as average, min(value) as minimum, max(value) as maximum,
           first(value, time) as first, last(value, time) as last
    from readings group by 1, 2
with no data;

alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = 'sensor_id',
                          timescaledb.compress_orderby = 'time');
select add_compression_policy('readings', interval '7 days');

-- The same interface as the plain form.
create procedure refresh_rollups(until timestamptz, out hours integer)
language plpgsql as $$
declare
    hour_ timestamptz;
    seen bigint[];
begin
    hours := 0;
    for hour_ in select distinct hour from rollup_marks where hour + interval '1 hour' <= until order by 1 loop
        select array_agg(id) into seen from rollup_marks where hour = hour_;
        commit;
        call refresh_continuous_aggregate('readings_1m_stored', hour_, hour_ + interval '1 hour');
        call refresh_continuous_aggregate('readings_1h_stored', hour_, hour_ + interval '1 hour');
        delete from rollup_marks where id = any(seen);
        commit;
        hours := hours + 1;
    end loop;
end $$;
