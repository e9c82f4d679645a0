-- name: sensors
select s.id, s.name, d.name as device, d.gateway, s.quantity, s.unit, s.datum
from sensors s join devices d on d.id = s.device_id
order by s.id

-- name: retirements
-- When which sensors stand nowhere, in µs since 1970.
select sensor_id,
       case when lower_inf(valid) or lower(valid) = '-infinity' then -9223372036854775808
            else (extract(epoch from lower(valid)) * 1000000)::bigint end as since_us,
       case when upper_inf(valid) or upper(valid) = 'infinity' then 9223372036854775807
            else (extract(epoch from upper(valid)) * 1000000)::bigint end as until_us
from sensor_places where reason = 'retired' and upper_inf(recorded)
order by sensor_id, lower(valid) nulls first

-- name: quarantine_room
-- Which of these faults have a row, how many rows the sources of the others have (no further than the cap), and how
-- full it is in all.
select (select coalesce(array_agg(fingerprint), '{}') from quarantine where fingerprint = any(%(fingerprints)s)),
       (select array_agg((select count(*) from (
                   select from quarantine where md5(topic) = md5(asked.topic) and topic = asked.topic
                                            and reason = asked.reason and state <> 'counted' limit %(most)s) as kept)
                         order by place)
        from unnest(%(topics)s::text[], %(reasons)s::text[]) with ordinality as asked (topic, reason, place)),
       (select coalesce(sum(entries), 0)::bigint from quarantine_kept),
       (select coalesce(sum(bytes), 0)::bigint from quarantine_kept)

-- name: quarantine
-- One row for each distinct fault; the same one again only counts up, and is held again if it had been released.
-- In the order of fingerprints, as whoever writes these rows: partitions may meet the same fault.
insert into quarantine as q
    (fingerprint, partition, reason, detail, topic, payload, sensor_id, time, count, first_seen, last_seen, state)
select fingerprint, %(partition)s, reason, detail, topic, payload, sensor_id, time, count, %(seen)s, %(seen)s, state
from unnest(%(fingerprint)s::bytea[], %(reason)s::text[], %(detail)s::text[], %(topic)s::text[], %(payload)s::bytea[],
            %(sensor_id)s::integer[], %(time)s::timestamptz[], %(count)s::bigint[], %(state)s::text[])
     as fault (fingerprint, reason, detail, topic, payload, sensor_id, time, count, state)
order by fingerprint
on conflict (fingerprint) do update
    set count = q.count + excluded.count, last_seen = excluded.last_seen, reason = excluded.reason,
        detail = excluded.detail, state = excluded.state, released_at = null

-- name: quarantine_requested
select id, topic, payload from quarantine where state = 'requested' and partition = %(partition)s order by id limit %(most)s

-- name: quarantine_released
with through as materialized (
    select id from quarantine where id = any(%(ids)s) and state = 'requested' order by fingerprint for no key update
)
update quarantine set state = 'released', released_at = %(at)s where id in (select id from through)

-- name: quarantine_request
with asked as materialized (
    select id from quarantine
    where state = 'held' and (%(reason)s::text is null or reason = %(reason)s)
      and (%(ids)s::bigint[] is null or id = any(%(ids)s))
    order by fingerprint for no key update
)
update quarantine set state = 'requested' where id in (select id from asked)

-- name: quarantine_counts
-- `not_kept`: of these, how often something came of which no sample is kept.
select reason, count(*) filter (where state <> 'counted') as kept, sum(count)::bigint as seen,
       coalesce(sum(count) filter (where state = 'counted'), 0)::bigint as not_kept
from quarantine where state <> 'released' group by reason order by reason

-- name: quarantine_list
select id, reason, detail, topic, payload, time, count, last_seen, state
from quarantine where state <> 'released' and (%(reason)s::text is null or reason = %(reason)s)
order by last_seen desc, id desc limit %(most)s

-- name: count_intake
-- By minute of arrival, and what is stored also by hour of event time, so that the ledger can count it again.
-- And what the screens are told: the newest readings of the batch, for as long as it is among the last `kept` of its
-- partition, and its number ("-" where nothing was stored).
with by_hour as (
    insert into stored_hours as h (partition, hour, stored)
    select %(partition)s, to_timestamp(number * 3600), stored
    from unnest(%(hours)s::bigint[], %(hour_counts)s::bigint[]) as counted (number, stored)
    on conflict (partition, hour) do update set stored = h.stored + excluded.stored
), last as (
    select coalesce(max(number), 0) as number from live_batches where partition = %(partition)s
), gone as (
    delete from live_batches
    where partition = %(partition)s and number <= (select number from last) - %(kept)s and %(newest)s::bytea is not null
), batch as (
    insert into live_batches (partition, number, readings)
    select %(partition)s, number + 1, %(newest)s::bytea from last where %(newest)s::bytea is not null
    returning number
)
insert into intake as i (partition, minute, last_at, messages, readings, stored, repeats, quarantined, late, unlocated)
values (%(partition)s, date_trunc('minute', %(at)s::timestamptz), %(at)s, %(messages)s, %(readings)s, %(stored)s,
        %(repeats)s, %(quarantined)s, %(late)s, %(unlocated)s)
on conflict (partition, minute) do update
    set last_at = excluded.last_at, messages = i.messages + excluded.messages, readings = i.readings + excluded.readings,
        stored = i.stored + excluded.stored, repeats = i.repeats + excluded.repeats,
        quarantined = i.quarantined + excluded.quarantined, late = i.late + excluded.late,
        unlocated = i.unlocated + excluded.unlocated
returning pg_notify('shijing_readings', %(partition)s || ' ' || coalesce((select number from batch)::text, '-'))

-- name: claim_wait
-- End a former holder that may be frozen inside a transaction, so that the claim need not wait for it.
select pg_terminate_backend(holder_pid) from partitions
where name = %(partition)s and holder_pid is not null and holder_pid <> pg_backend_pid()
  and exists (select from pg_stat_activity a
              where a.pid = holder_pid and a.application_name = 'shijing-pipeline'
                and a.datname = current_database())

-- name: claim
-- A clock that was told is kept only by who follows it: else the screens would stay in a replay's past.
insert into partitions as p (name, epoch, holder_pid, claimed_at, seen_at, cut_off_at)
values (%(partition)s, 1, pg_backend_pid(), now(), now(), now())
on conflict (name) do update set epoch = p.epoch + 1, holder_pid = pg_backend_pid(), claimed_at = now(),
    seen_at = now(), cut_off_at = now(), clock = case when %(follow_clock)s then p.clock end
returning epoch

-- name: fence
-- FOR SHARE, not FOR KEY SHARE: a claim must wait for this transaction, and this one for a claim.
select clock from partitions where name = %(partition)s and epoch = %(epoch)s for share

-- name: fence_and_beat
-- The same with a heartbeat: an update takes a lock that a claim waits for, too.
update partitions
set seen_at = now(), cut_off_at = case when not %(connected)s then coalesce(cut_off_at, now()) end
where name = %(partition)s and epoch = %(epoch)s
returning clock

-- name: end_former
-- Before holding again: the lost connection's backend may not know yet that it is lost, and keeps its lock.
select pg_terminate_backend(holder_pid) from partitions
where name = %(partition)s and epoch = %(epoch)s and holder_pid <> pg_backend_pid()
  and exists (select from pg_stat_activity a
              where a.pid = holder_pid and a.application_name = 'shijing-pipeline'
                and a.datname = current_database())

-- name: hold_again
-- The same holder after a lost connection: its backend is another one now.
update partitions set holder_pid = pg_backend_pid() where name = %(partition)s and epoch = %(epoch)s returning clock

-- name: tell_clock
update partitions set clock = greatest(clock, %(clock)s) where name = %(partition)s and epoch = %(epoch)s

-- name: device_upsert
insert into devices as d (name, gateway) values (%(device)s, %(gateway)s)
on conflict (name) do update set gateway = coalesce(excluded.gateway, d.gateway)
returning id

-- name: gateway_known
insert into devices (name) values (%(gateway)s) on conflict (name) do nothing

-- name: sensor_upsert
insert into sensors (name, device_id, quantity, unit, datum, interval_s, label, river, levels, source)
values (%(name)s, %(device_id)s, %(quantity)s, %(unit)s, %(datum)s, %(interval_s)s, %(label)s, %(river)s,
        %(levels)s, %(source)s)
on conflict (name) do update
    set device_id = excluded.device_id, quantity = excluded.quantity, unit = excluded.unit,
        datum = excluded.datum, interval_s = excluded.interval_s, label = excluded.label,
        river = excluded.river, levels = excluded.levels, source = excluded.source
returning id, (xmax = 0) as is_new

-- name: sensor_stored
select id, name, quantity, unit, datum, label, river, interval_s, source, levels from sensors

-- name: sensor_has_readings
-- Rollups outlive the readings that retention drops.
select exists (select from readings r where r.sensor_id = s.id)
    or exists (select from readings_1h_stored h where h.sensor_id = s.id)
from sensors s where s.name = %(name)s

-- name: place_histories
select sensor_id, id, lon, lat, reason, source,
       nullif(lower(valid), '-infinity'), nullif(upper(valid), 'infinity')
from sensor_places
where upper_inf(recorded) and (%(sensor_id)s::integer is null or sensor_id = %(sensor_id)s)
order by sensor_id, lower(valid) nulls first

-- name: place_first
insert into sensor_places (sensor_id, lon, lat, reason, source)
values (%(sensor_id)s, %(lon)s, %(lat)s, 'installed', %(source)s)

-- name: place_close
-- What was recorded stays readable. Not now(): one transaction may change a place twice, and a range must not be empty.
update sensor_places
set recorded = tstzrange(lower(recorded), greatest(clock_timestamp(), lower(recorded) + interval '1 microsecond'))
where id = %(id)s and upper_inf(recorded)
returning upper(recorded)

-- name: place_write
insert into sensor_places (sensor_id, lon, lat, reason, source, valid, recorded)
values (%(sensor_id)s, %(lon)s, %(lat)s, %(reason)s, %(source)s,
        tstzrange(%(begins)s::timestamptz, %(ends)s::timestamptz), tstzrange(%(recorded)s::timestamptz, null))

-- name: place_readings
-- What is stored of the time that a change is about.
select count(*) from readings
where sensor_id = %(sensor_id)s and time >= coalesce(%(begins)s::timestamptz, '-infinity')
  and time < coalesce(%(ends)s::timestamptz, 'infinity')

-- name: status
select
    (select count(*) from devices) as devices,
    (select count(*) from sensors) as sensors,
    (select coalesce(sum(stored), 0)::bigint from intake) as stored,
    (select coalesce(sum(readings), 0)::bigint from intake) as received,
    (select coalesce(sum(repeats), 0)::bigint from intake) as repeats,
    (select coalesce(sum(late), 0)::bigint from intake) as late,
    (select coalesce(sum(quarantined), 0)::bigint from intake) as quarantined

-- name: partitions
-- Ages by the database's clock.
select p.name, p.epoch, p.clock, extract(epoch from now() - p.clock)::float8 as clock_lag_s,
       p.seen_at, extract(epoch from now() - p.seen_at)::float8 as seen_age_s, p.cut_off_at,
       exists (select from pg_stat_activity a where a.pid = p.holder_pid and a.datname = current_database()
               and a.application_name = 'shijing-pipeline') as holding,
       (select max(last_at) from intake where partition = p.name) as last_batch
from partitions p order by p.name

-- name: kept
select (select count(*) from readings), (select count(*) from quarantine where state in ('held', 'requested'))

-- name: clock
select clock from partitions where name = %(partition)s
