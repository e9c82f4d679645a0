-- 1-minute and 1-hour rollups as continuous aggregates, with compression and the
-- refresh policies (TimescaleDB's community edition). Buckets are in UTC.

create materialized view readings_1m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
    select sensor_id, time_bucket(interval '1 minute', time) as bucket,
           count(*) as n, avg(value) as average, min(value) as minimum, max(value) as maximum,
           first(value, time) as first, last(value, time) as last
    from readings group by 1, 2
with no data;

create materialized view readings_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
    select sensor_id, time_bucket(interval '1 hour', time) as bucket,
           count(*) as n, avg(value) as average, min(value) as minimum, max(value) as maximum,
           first(value, time) as first, last(value, time) as last
    from readings group by 1, 2
with no data;

select add_continuous_aggregate_policy('readings_1m', start_offset => interval '30 days',
    end_offset => interval '1 minute', schedule_interval => interval '1 minute');
select add_continuous_aggregate_policy('readings_1h', start_offset => interval '30 days',
    end_offset => interval '1 hour', schedule_interval => interval '10 minutes');

alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = 'sensor_id',
                          timescaledb.compress_orderby = 'time');
select add_compression_policy('readings', interval '7 days');

-- The same interface as the plain form: the policies do the work, nothing is marked.
create function mark_rollups(hours timestamptz[]) returns void language sql as $$ select $$;
create function refresh_rollups() returns integer language sql as $$ select 0 $$;
