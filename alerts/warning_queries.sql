-- Official warnings: stored, covered, in force. `at` is an instant in the world.

-- name: lock_warnings
-- One writer of warnings at a time: what it decides of the alerts is decided on all of them.
select pg_advisory_xact_lock(hashtext('warnings'))

-- name: try_lock_warnings
select pg_try_advisory_xact_lock(hashtext('warnings'))

-- name: is_due
-- Whether anything began or ended since the alerts last followed.
select exists (select from warnings where followed <> 'end'
               and (ends <= %(now)s or followed = 'none' and effective <= %(now)s))

-- name: note_followed
update warnings set followed = case when ends <= %(now)s then 'end' else 'begin' end
where followed <> 'end' and (ends <= %(now)s or followed = 'none' and effective <= %(now)s)

-- name: clock
-- The told clock where a scenario tells one, else the database's.
select coalesce(max(clock), clock_timestamp()) from partitions

-- name: find_message
select id, fingerprint from warnings where sender = %(sender)s and identifier = %(identifier)s and part = 1

-- name: insert_warning
insert into warnings (identifier, part, sender, sender_name, sent, status, msg_type, references_, event_code, event,
                      level, headline, description, instruction, effective, expires, expires_assumed, area,
                      area_codes, unknown_codes, polygon, source, origin, actor, fingerprint, raw)
values (%(identifier)s, %(part)s, %(sender)s, %(sender_name)s, %(sent)s, %(status)s, %(msg_type)s, %(references)s,
        %(event_code)s, %(event)s, %(level)s, %(headline)s, %(description)s, %(instruction)s, %(effective)s,
        %(expires)s, %(expires_assumed)s, %(area)s, %(area_codes)s, %(unknown_codes)s, %(polygon)s, %(source)s,
        %(origin)s, %(actor)s, %(fingerprint)s, %(raw)s)
returning id

-- name: cover
insert into warning_divisions (warning_id, division_id)
select %(warning)s, division_id from unnest(%(divisions)s::integer[]) as division_id

-- name: end_referenced
-- What this message names is over from `since` on; only real ends real, and only an exercise an exercise.
update warnings set cancelled_at = %(since)s, ended_by = %(by)s
where (sender, identifier) in (select split_part(named, ',', 1), split_part(named, ',', 2)
                               from unnest(%(references)s::text[]) as named)
  and status = %(status)s and id <> %(by)s
  and (cancelled_at is null or cancelled_at > %(since)s)

-- name: find_earlier_end
-- A message that came before the one it ends: its first part, and when it ends it.
select min(id), case msg_type when 'cancel' then sent else greatest(sent, min(effective)) end as since
from warnings
where references_ @> array[%(name)s] and status = %(status)s
group by sender, identifier, sent, msg_type
order by since, 1 limit 1

-- name: end_received_late
update warnings set cancelled_at = %(since)s, ended_by = %(by)s
where sender = %(sender)s and identifier = %(identifier)s

-- name: refuse
insert into refused_warnings (fingerprint, reason, detail, source, origin, size, raw)
values (%(fingerprint)s, %(reason)s, %(detail)s, %(source)s, %(origin)s, %(size)s, %(raw)s)
on conflict (fingerprint) do update set count = refused_warnings.count + 1, last_seen = now(),
    reason = excluded.reason, detail = excluded.detail

-- name: refused
select id, reason, detail, source, origin, size, count, first_seen, last_seen
from refused_warnings order by last_seen desc, id desc limit %(limit)s

-- name: townships_of_codes
-- (code, township): a code above a township stands for all townships in it, one below for the township it lies in.
-- A code that was not in use at that time stands for what it last was, else for what it first was.
with recursive named as (
    select code, coalesce(max(%(at)s::timestamptz) filter (where valid @> %(at)s::timestamptz),
                          max(upper(valid)) filter (where upper(valid) <= %(at)s::timestamptz)
                              - interval '1 microsecond',
                          min(lower(valid))) as instant
    from division_versions where code = any(%(codes)s) and upper_inf(recorded)
    group by code
), down as (
    select n.code, n.instant, v.division_id
    from named n join division_versions v on v.code = n.code and v.valid @> n.instant and upper_inf(v.recorded)
    union
    select down.code, down.instant, v.division_id
    from down join division_versions v
         on v.parent_id = down.division_id and v.valid @> down.instant and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id and d.level in ('district', 'township')
), up as (
    select n.code, n.instant, v.division_id, v.parent_id
    from named n join division_versions v on v.code = n.code and v.valid @> n.instant and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id and d.level in ('village', 'grid', 'microgrid')
    union
    select up.code, up.instant, v.division_id, v.parent_id
    from up join division_versions v
         on v.division_id = up.parent_id and v.valid @> up.instant and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id and d.level in ('township', 'village', 'grid')
)
select distinct found.code, found.division_id
from (select code, division_id from down union all select code, division_id from up) found
join divisions d on d.id = found.division_id and d.level = 'township'
order by 1, 2

-- name: intervals
-- When which level was in force over each township: of everything that ended after `since`, or after what
-- an open alert was last changed by.
select w.event_code, c.division_id, w.level, w.effective, w.ends
from warnings w join warning_divisions c on c.warning_id = w.id
where w.ends > least(%(since)s, (select min(changed_at) from alerts where rule_id = any(%(rules)s)
                                 and state in ('open', 'acknowledged', 'in_hand') and exercise = %(exercise)s))
  and w.ends > w.effective and w.level is not null
  and w.status = any(%(statuses)s) and w.event_code = any(%(events)s)
order by w.effective, w.id

-- name: in_force
select w.event_code, c.division_id, w.level, w.effective, w.ends
from warnings w join warning_divisions c on c.warning_id = w.id
where w.ends > %(since)s and w.ends > w.effective and w.level is not null and w.status = any(%(statuses)s)
order by c.division_id, w.event_code, w.effective, w.id

-- name: last_levels
-- What the rules last said of each township that has an open alert or is asked for.
select distinct on (a.rule_id, a.subject) a.rule_id, a.subject, t.time, t.to_level
from alerts a join alert_transitions t on t.alert_id = a.id and t.kind = 'level' and not t.retracts
where a.rule_id = any(%(rules)s) and a.exercise = %(exercise)s
  and (a.subject = any(%(subjects)s) or a.state in ('open', 'acknowledged', 'in_hand'))
order by a.rule_id, a.subject, t.id desc

-- name: tell
select log_live_event('warning', %(payload)s)

-- name: list_warnings
select w.id, w.identifier, w.part, w.sender, w.sender_name, w.sent, w.status, w.msg_type, w.references_ as references,
       w.event_code, w.event, w.level, w.headline, w.description, w.instruction, w.effective, w.expires,
       w.expires_assumed, w.cancelled_at, w.area, w.area_codes, w.unknown_codes, w.source, w.origin, w.received_at,
       w.effective <= %(at)s::timestamptz and w.ends > %(at)s::timestamptz as in_force,
       (select count(*) from warning_divisions c where c.warning_id = w.id) as townships
from warnings w
where (%(in_force)s::boolean is null
       or (w.effective <= %(at)s::timestamptz and w.ends > %(at)s::timestamptz) = %(in_force)s::boolean)
  and (%(id)s::bigint is null or w.id = %(id)s::bigint)
  and (%(identifier)s::text is null or w.identifier = %(identifier)s::text)
  and (%(event)s::text is null or w.event_code = %(event)s::text)
  and (%(level)s::text is null or w.level = %(level)s::text)
  and (%(division)s::text is null or exists (
          select from warning_divisions c join division_versions v on v.division_id = c.division_id
          where c.warning_id = w.id and v.code like %(division)s::text || '%%' and upper_inf(v.recorded)))
  and (%(before)s::bigint is null or w.id < %(before)s::bigint)
order by w.id desc limit %(limit)s

-- name: covered
select v.code, v.name, parent.name as district
from warning_divisions c
join warnings w on w.id = c.warning_id
join division_versions v on v.division_id = c.division_id and v.valid @> w.effective and upper_inf(v.recorded)
left join division_versions parent
     on parent.division_id = v.parent_id and parent.valid @> w.effective and upper_inf(parent.recorded)
where c.warning_id = %(id)s
order by v.code

-- name: raw
select w.raw from warnings w
join warnings asked on asked.sender = w.sender and asked.identifier = w.identifier
where asked.id = %(id)s and w.part = 1

-- name: feed
select etag, seen from warning_feeds where url = %(url)s

-- name: note_feed
insert into warning_feeds (url, etag, seen, polled_at, error)
values (%(url)s, %(etag)s, %(seen)s, clock_timestamp(), %(error)s)
on conflict (url) do update
set etag = excluded.etag, seen = excluded.seen, polled_at = excluded.polled_at, error = excluded.error

-- name: note_feed_error
insert into warning_feeds (url, polled_at, error) values (%(url)s, clock_timestamp(), %(error)s)
on conflict (url) do update set polled_at = excluded.polled_at, error = excluded.error

-- name: find_to_cancel
-- What has that number or identifier and is not over; and the pipeline's clock.
select distinct sender, identifier, status, (select coalesce(max(clock), clock_timestamp()) from partitions)
from warnings
where (identifier = %(name)s or id::text = %(name)s) and msg_type <> 'cancel'
  and ends > (select coalesce(max(clock), clock_timestamp()) from partitions)
