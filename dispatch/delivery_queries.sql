-- Messages that are due: claimed, sent, and what became of them. And where they go.

-- name: together
-- These, and those that are one message with them; what is over is left alone.
select id from deliveries
where state in ('due', 'sending')
  and (id = any(%(ids)s)
       or digest in (select digest from deliveries where id = any(%(ids)s) and digest is not null))
order by id

-- name: lock
-- Held by the session until the message is sent and that is written: a process that is killed lets go of it.
select id, pg_try_advisory_lock(hashtext('deliveries'), (id %% 2147483647)::integer)
from unnest(%(ids)s::bigint[]) id

-- name: unlock
select pg_advisory_unlock(hashtext('deliveries'), (id %% 2147483647)::integer) from unnest(%(ids)s::bigint[]) id

-- name: open
-- `over`: why it need not be sent any more. Only an answer since the call counts: who answered and is late is called
-- again.
select deliveries.id, deliveries.channel, deliveries.key, deliveries.repeated, deliveries.tries_before,
       deliveries.digest, calls.person_id, calls.part, assignments.id as assignment_id, assignments.run_id,
       assignments.division_id, assignments.due_at, tasks.what, plan_runs.level, plan_runs.exercise,
       coalesce(nullif(plan_runs.name, ''), plan_runs.plan ->> 'name', plan_runs.plan_id) as plan,
       plan_runs.plan -> 'privacy' as privacy, coalesce(place.name, '') as place, coalesce(place.code, '') as code,
       case when plan_runs.state <> 'open' then 'the run is over'
            when assignments.ended_at is not null then 'the task is over'
            when calls.ended_at is not null then 'the call was taken back'
            when assignments.acknowledged_at >= coalesce(deliveries.first_due_at, deliveries.due_at)
                then 'it was answered by then'
            else '' end as over
from deliveries
join calls on calls.id = deliveries.call_id
join assignments on assignments.id = calls.assignment_id
join tasks on tasks.id = assignments.task_id
join plan_runs on plan_runs.id = assignments.run_id
left join lateral (
    select version.name, version.code from division_versions version
    where version.division_id = assignments.division_id and upper_inf(version.recorded)
    order by version.valid @> %(at)s::timestamptz desc, lower(version.valid) desc nulls last
    limit 1
) place on true
where deliveries.id = any(%(ids)s) and deliveries.state in ('due', 'sending')
order by deliveries.id
for update of deliveries

-- name: waiting
-- What else is due by the same channel.
select id from deliveries
where channel = %(channel)s and state = 'due' and digest is null and due_at <= %(at)s and id <> all(%(ids)s)
order by id limit %(most)s

-- name: begin
-- What is found in `sending` was cut off: perhaps it went out.
update deliveries set state = 'sending', digest = new.digest, detail = '',
    repeated = repeated + case when state = 'sending' then 1 else 0 end
from jsonb_to_recordset(%(rows)s) as new(id bigint, digest uuid)
where deliveries.id = new.id
returning deliveries.id, repeated

-- name: skip
update deliveries set state = 'skipped', detail = new.detail
from jsonb_to_recordset(%(rows)s) as new(id bigint, detail text)
where deliveries.id = new.id

-- name: postpone
update deliveries set state = 'due', detail = %(detail)s, first_due_at = coalesce(first_due_at, due_at),
    due_at = greatest(due_at, %(at)s::timestamptz + make_interval(secs => %(wait_s)s)),
    repeated = repeated + case when state = 'sending' then 1 else 0 end
where id = any(%(ids)s)

-- name: sent
-- A phone may have said that it was delivered before we heard that it was sent.
update deliveries set state = 'sent', sent_at = %(at)s, detail = '' where id = any(%(ids)s) and state = 'sending'

-- name: failed
update deliveries set state = 'failed', detail = %(detail)s where id = any(%(ids)s) and state = 'sending'

-- name: try_again
insert into deliveries (call_id, channel, rung, attempt, state, due_at, first_due_at, tries_before)
select call_id, channel, rung,
       1 + (select max(attempt) from deliveries other
            where other.call_id = deliveries.call_id and other.channel = deliveries.channel),
       'due', %(at)s::timestamptz + make_interval(secs => %(wait_s)s), coalesce(first_due_at, due_at),
       tries_before + repeated + 1
from deliveries where id = any(%(ids)s)
on conflict (call_id, channel, attempt) do nothing
returning id

-- name: lost
-- Messages that nobody will send: due without a job that is waited for or done by a worker that lives, or cut off, which
-- the lock tells that the session of a sender holds.
with jobs as materialized (
    select one::bigint as id, job.status = 'todo' as waits
    from procrastinate_jobs job
    left join procrastinate_workers worker on worker.id = job.worker_id
    cross join jsonb_array_elements_text(job.args -> 'delivery_ids') one
    where job.task_name = 'deliver'
      and (job.status = 'todo'
           or job.status = 'doing' and worker.last_heartbeat > clock_timestamp() - interval '30 seconds')
)
select id, channel from deliveries
where channel <> 'app'
  and (state = 'due' and not exists (select from jobs where jobs.id = deliveries.id)
       or state = 'sending' and not exists (select from jobs where jobs.id = deliveries.id and waits)
          and not exists (
              select from pg_locks
              where locktype = 'advisory' and objsubid = 2
                and database = (select oid from pg_database where datname = current_database())
                and classid::bigint = hashtext('deliveries')::bigint & 4294967295
                and objid::bigint = deliveries.id % 2147483647))
order by channel, id

-- name: clock
select clock_timestamp() + make_interval(secs => %(wait_s)s)

-- name: make_gate
insert into channel_gates (channel) values (%(channel)s) on conflict do nothing

-- name: gate
select shut_until, why, clock_timestamp() from channel_gates where channel = %(channel)s for update

-- name: gates
select channel, shut_until, why from channel_gates where shut_until > clock_timestamp()

-- name: shut
insert into channel_gates (channel, shut_until, why)
values (%(channel)s, clock_timestamp() + make_interval(secs => %(pause_s)s), %(why)s)
on conflict (channel) do update set shut_until = excluded.shut_until, why = excluded.why

-- name: sent_lately
select count(*), min(at) from channel_messages
where channel = %(channel)s and at > %(now)s::timestamptz - make_interval(secs => %(window_s)s)

-- name: count_messages
insert into channel_messages (channel) select %(channel)s from generate_series(1, %(count)s)

-- name: forget_messages
delete from channel_messages
where channel = %(channel)s and at < %(now)s::timestamptz - make_interval(secs => %(window_s)s)

-- name: receipt
-- A later word never takes back an earlier one. A digest has one key for all that it told.
update deliveries set
    state = case when %(delivered)s then 'delivered' else 'failed' end,
    sent_at = coalesce(sent_at, %(at)s::timestamptz),
    delivered_at = case when %(delivered)s then %(at)s::timestamptz else delivered_at end,
    detail = case when %(delivered)s then detail else %(detail)s end
where (key = %(key)s or digest = %(key)s) and channel = %(channel)s and state in ('sending', 'sent')
returning id

-- name: assignments_of
select distinct assignments.run_id, assignments.id
from deliveries join calls on calls.id = deliveries.call_id join assignments on assignments.id = calls.assignment_id
where deliveries.id = any(%(ids)s)

-- name: receipt_assignments
update assignments set state = 'delivered'
from calls, deliveries
where deliveries.id = any(%(ids)s) and deliveries.state = 'delivered'
  and calls.id = deliveries.call_id and assignments.id = calls.assignment_id
  and assignments.state in ('waiting', 'called')
returning assignments.id, assignments.run_id, assignments.task_id

-- name: subscriptions
select id, person_id, endpoint, keys from push_subscriptions where person_id = any(%(people)s) order by made_at, id

-- name: put_subscription
insert into push_subscriptions (id, person_id, endpoint, endpoint_blind, keys, made_at)
values (%(id)s, %(person)s, %(endpoint)s, %(blind)s, %(keys)s, %(at)s)

-- name: drop_endpoint
delete from push_subscriptions where endpoint_blind = any(%(blinds)s)
  and (%(person)s::uuid is null or person_id = %(person)s)

-- name: drop_subscription
delete from push_subscriptions where id = %(id)s

-- name: drop_oldest
delete from push_subscriptions where id in (
    select id from push_subscriptions where person_id = %(person)s order by made_at desc, id offset %(most)s)
