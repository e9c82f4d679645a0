-- Accounts, their roles, and what opens a session. Times are parameters: the clock is injected.

-- name: add_account
with actor as (
    insert into actors (name, kind)
    values (%(name)s, case %(kind)s when 'service' then 'system' else 'person' end) returning id
)
insert into accounts (id, name, kind, password_hash, must_change, created_by)
select id, %(name)s, %(kind)s, %(password_hash)s, %(must_change)s, %(by)s from actor
returning id

-- name: account_by_name
select id, name, kind, password_hash, must_change, totp_secret, totp_step, oidc_subject, failed_tries, locked_until,
       locked_at
from accounts where lower(name) = lower(%(name)s) and erased_at is null

-- name: account_by_id
select id, name, kind, password_hash, must_change, totp_secret, totp_step, oidc_subject, failed_tries, locked_until,
       locked_at
from accounts where id = %(id)s

-- name: home
-- Of the roles of now, or of all former ones where there are none; by the database's clock, as the audit's entries.
with held as (
    select division_id from account_roles where account_id = %(account)s and valid @> now()
    union all
    select division_id from account_roles
    where account_id = %(account)s
      and not exists (select from account_roles where account_id = %(account)s and valid @> now())
)
select min(division_id) from held
having count(*) = count(division_id) and count(distinct division_id) = 1

-- name: lock_account_row
select id from accounts where id = %(id)s for no key update

-- name: account_by_oidc
select id, name, kind, password_hash, must_change, totp_secret, totp_step, oidc_subject, failed_tries, locked_until,
       locked_at
from accounts where oidc_subject = %(subject)s

-- name: list_accounts
-- With the grants of now; of a scope those who have a grant in it and none beyond. Whoever has no role any more stays
-- with those who gave the former ones.
with counted as (
    select account_id, division_id from account_roles held
    where valid @> %(now)s::timestamptz
       or not exists (select from account_roles other
                      where other.account_id = held.account_id and other.valid @> %(now)s::timestamptz)
)
select accounts.id, accounts.name, accounts.kind, accounts.locked_at, accounts.locked_until, accounts.created_at,
       accounts.totp_secret is not null as second_factor, accounts.oidc_subject is not null as single_sign_on,
       accounts.password_hash is not null as has_password, accounts.must_change, accounts.person_id,
       (select max(seen_at) from sessions where sessions.account_id = accounts.id) as seen_at,
       coalesce((select jsonb_agg(jsonb_build_object(
                     'id', held.id, 'role', held.role, 'division_id', held.division_id, 'until', upper(held.valid),
                     'division', version.name, 'code', version.code) order by held.id)
                 from account_roles held
                 left join division_versions version
                        on version.division_id = held.division_id and version.valid @> %(now)s::timestamptz
                       and upper_inf(version.recorded)
                 where held.account_id = accounts.id and held.valid @> %(now)s::timestamptz), '[]') as grants
from accounts
where accounts.erased_at is null and (%(everywhere)s or (
        exists (select from counted where counted.account_id = accounts.id)
        and not exists (select from counted
                        where counted.account_id = accounts.id
                          and (counted.division_id is null or not exists (
                               select from division_closure where ancestor_id = any(%(divisions)s::integer[])
                               and descendant_id = counted.division_id)))))
  and (%(id)s::uuid is null or accounts.id = %(id)s::uuid)
  and (%(sought)s::text is null or position(lower(%(sought)s) in lower(accounts.name)) > 0 or exists (
        select from account_roles held
        left join division_versions version
               on version.division_id = held.division_id and version.valid @> %(now)s::timestamptz
              and upper_inf(version.recorded)
        where held.account_id = accounts.id and held.valid @> %(now)s::timestamptz
          and (held.role = any(%(sought_roles)s::text[]) or version.code = %(sought)s
               or position(%(sought)s in version.name) > 0)))
  and (%(after)s::text is null or lower(accounts.name) > lower(%(after)s))
order by lower(accounts.name)
limit %(most)s

-- name: lock_administration
select pg_advisory_xact_lock(hashtext('shijing_administration'))

-- name: administrators_left
-- Persons who can sign in and keep accounts everywhere, without an end to it.
select count(distinct accounts.id) from accounts join account_roles held on held.account_id = accounts.id
where accounts.kind = 'person' and accounts.locked_at is null and held.role = any(%(roles)s) and held.division_id is null
  and held.valid @> %(now)s::timestamptz and upper_inf(held.valid)

-- name: divisions_of_scope
-- To choose from: all down to the townships, and where they are few, what lies in them.
select division.id, version.code, version.name, division.level, above.name as above
from divisions division
join division_versions version on version.division_id = division.id
     and version.valid @> %(now)s::timestamptz and upper_inf(version.recorded)
left join division_versions above on above.division_id = version.parent_id
     and above.valid @> %(now)s::timestamptz and upper_inf(above.recorded)
where version.code is not null
  and (%(everywhere)s or division.id in (
        select descendant_id from division_closure where ancestor_id = any(%(divisions)s::integer[])))
order by array_position(array['city', 'district', 'township', 'village', 'grid', 'micro_grid'], division.level),
         version.code
limit %(most)s

-- name: actor_named
select id from actors where lower(name) = lower(%(name)s) order by id limit 1

-- name: names_of
select id, name from actors where id = any(%(ids)s)
union all
select id, name from broker_accounts where id = any(%(ids)s)

-- name: is_within
-- Whether a division lies in any of these.
select exists (select from division_closure
               where ancestor_id = any(%(divisions)s::integer[]) and descendant_id = %(division)s)

-- name: grant_role
insert into account_roles (account_id, role, division_id, valid, granted_by)
values (%(account)s, %(role)s, %(division)s, tstzrange(%(now)s, %(until)s), %(by)s)
returning id

-- name: end_grant
update account_roles set valid = tstzrange(lower(valid), greatest(%(now)s::timestamptz, lower(valid) + interval '1 microsecond'))
where id = %(id)s and account_id = %(account)s and valid @> %(now)s::timestamptz
returning role, division_id

-- name: erase_account
-- What it is called afterwards is a part of its id.
update accounts
set name = 'erased-' || left(id::text, 13), password_hash = null, must_change = false, totp_secret = null,
    totp_step = null, oidc_subject = null, person_id = null, failed_tries = 0, locked_until = null, erased_at = %(now)s,
    locked_at = coalesce(locked_at, %(now)s)
where id = %(id)s and erased_at is null
returning name

-- name: erase_actor
update actors set name = %(name)s where id = %(id)s

-- name: forget_links
delete from sign_in_links where account_id = %(account)s

-- name: silence_tokens
-- What they were for may be somebody's words; that there were such, with which rights, stays.
update api_tokens set label = 'erased', revoked_at = coalesce(revoked_at, %(now)s) where account_id = %(account)s

-- name: end_all_grants
update account_roles
set valid = tstzrange(lower(valid), greatest(%(now)s::timestamptz, lower(valid) + interval '1 microsecond'))
where account_id = %(account)s and (upper_inf(valid) or upper(valid) > %(now)s::timestamptz)

-- name: grants_of
select id, role, division_id from account_roles
where account_id = %(account)s and valid @> %(now)s::timestamptz
order by id

-- name: set_locked
update accounts set locked_at = %(at)s, failed_tries = 0, locked_until = null where id = %(id)s

-- name: set_password
update accounts set password_hash = %(hash)s, must_change = %(must_change)s, failed_tries = 0, locked_until = null
where id = %(id)s

-- name: renew_hash
update accounts set password_hash = %(hash)s where id = %(id)s

-- name: set_oidc
update accounts set oidc_subject = %(subject)s where id = %(id)s

-- name: set_person
-- Whom the account answers for; streams of the one before end.
with linked as (update accounts set person_id = %(person)s where id = %(id)s returning id)
select pg_notify('shijing_access', '') from linked

-- name: count_failure
-- The failures in a row; at `most` the account is locked for a while, and longer each time they go on.
update accounts
set failed_tries = failed_tries + 1,
    locked_until = case when failed_tries + 1 >= %(most)s
                        then %(now)s::timestamptz + least(%(longest_s)s, %(lock_s)s * 2 ^ least(failed_tries + 1 - %(most)s, 30))
                             * interval '1 second' else locked_until end
where id = %(id)s
returning failed_tries, locked_until

-- name: unknown_name
select locked_until from unknown_names where fingerprint = %(fingerprint)s

-- name: count_unknown_failure
-- As `count_failure`, for a name that nobody has.
insert into unknown_names (fingerprint, failed_tries, tried_at, locked_until)
values (%(fingerprint)s, 1, %(now)s,
        case when 1 >= %(most)s then %(now)s::timestamptz + least(%(longest_s)s, %(lock_s)s) * interval '1 second' end)
on conflict (fingerprint) do update
set failed_tries = unknown_names.failed_tries + 1, tried_at = excluded.tried_at,
    locked_until = case when unknown_names.failed_tries + 1 >= %(most)s
                        then %(now)s::timestamptz
                             + least(%(longest_s)s, %(lock_s)s * 2 ^ least(unknown_names.failed_tries + 1 - %(most)s, 30))
                               * interval '1 second' end
returning failed_tries, locked_until

-- name: forget_failures
update accounts set failed_tries = 0, locked_until = null where id = %(id)s and failed_tries > 0

-- name: open_session
insert into sessions (token_hash, account_id, created_at, seen_at, expires_at, idle_s, address, agent, way)
values (%(hash)s, %(account)s, %(now)s, %(now)s, %(expires)s, %(idle_s)s, %(address)s, %(agent)s, %(way)s)

-- name: is_phone
-- Whether it is the account of somebody who answers tasks, and of nothing else.
select person_id is not null and exists (select from account_roles held where held.account_id = accounts.id)
       and not exists (select from account_roles held where held.account_id = accounts.id
                       and held.valid @> %(now)s::timestamptz and held.role <> all(%(roles)s))
from accounts where id = %(id)s

-- name: session
-- Whose session it is, and with which roles where; none that is over, nor of an account that is locked.
select accounts.id, accounts.name, accounts.kind, accounts.person_id, accounts.must_change, sessions.created_at,
       sessions.seen_at,
       sessions.way = 'oidc' or accounts.totp_secret is not null as second_factor,
       coalesce((select jsonb_agg(jsonb_build_array(held.role, held.division_id)) from account_roles held
                 where held.account_id = accounts.id and held.valid @> %(now)s::timestamptz), '[]') as grants
from sessions join accounts on accounts.id = sessions.account_id
where sessions.token_hash = %(hash)s and sessions.expires_at > %(now)s
  and sessions.seen_at + sessions.idle_s * interval '1 second' > %(now)s and accounts.locked_at is null

-- name: seen
-- Not waited for: thousands who are called at once would queue for the disk, and a power cut takes a moment of it only.
update sessions set seen_at = %(now)s
where token_hash = %(hash)s and set_config('synchronous_commit', 'off', true) = 'off'

-- name: end_session
delete from sessions where token_hash = %(hash)s returning account_id

-- name: end_sessions
delete from sessions where account_id = %(account)s and (%(but)s::bytea is null or token_hash <> %(but)s::bytea)

-- name: forget_tickets
-- Of sign-ins that wait for the second factor.
delete from pending_sign_ins where account_id = %(account)s

-- name: end_session_of
delete from sessions where account_id = %(account)s and token_hash = decode(%(id)s, 'hex') returning account_id

-- name: end_other_session
-- That the browser had before; the account that signs in now may be another one.
delete from sessions where token_hash = %(hash)s

-- name: sessions_of
select encode(token_hash, 'hex') as id, created_at, seen_at, expires_at, address, agent, way
from sessions
where account_id = %(account)s and expires_at > %(now)s and seen_at + idle_s * interval '1 second' > %(now)s
order by seen_at desc

-- name: add_link
insert into sign_in_links (token_hash, account_id, created_at, expires_at)
values (%(hash)s, %(account)s, %(now)s, %(expires)s)

-- name: link
select account_id from sign_in_links join accounts on accounts.id = account_id
where token_hash = %(hash)s and used_at is null and expires_at > %(now)s and accounts.locked_at is null

-- name: use_link
update sign_in_links set used_at = %(now)s
from accounts
where token_hash = %(hash)s and used_at is null and expires_at > %(now)s
  and accounts.id = account_id and accounts.locked_at is null
returning account_id

-- name: add_token
insert into api_tokens (token_hash, account_id, label, rights, division_id, created_at, expires_at)
values (%(hash)s, %(account)s, %(label)s, %(rights)s, %(division)s, %(now)s, %(expires)s)
returning id

-- name: token
-- Whose token it is, with which roles where: of each grant what lies in the token's division, and of a grant that
-- lies in it all.
select accounts.id, accounts.name, accounts.kind, accounts.person_id, api_tokens.rights, api_tokens.used_at,
       coalesce((select jsonb_agg(jsonb_build_array(held.role, case
                     when api_tokens.division_id is null then held.division_id
                     when held.division_id is null or exists (
                          select from division_closure where ancestor_id = held.division_id
                          and descendant_id = api_tokens.division_id) then api_tokens.division_id
                     else held.division_id end))
                 from account_roles held
                 where held.account_id = accounts.id and held.valid @> %(now)s::timestamptz
                   and (api_tokens.division_id is null or held.division_id is null or exists (
                        select from division_closure
                        where (ancestor_id = held.division_id and descendant_id = api_tokens.division_id)
                           or (ancestor_id = api_tokens.division_id and descendant_id = held.division_id)))),
                '[]') as grants
from api_tokens join accounts on accounts.id = api_tokens.account_id
where api_tokens.token_hash = %(hash)s and api_tokens.expires_at > %(now)s and api_tokens.revoked_at is null
  and accounts.locked_at is null

-- name: token_used
update api_tokens set used_at = %(now)s
where token_hash = %(hash)s and (used_at is null or used_at < %(now)s::timestamptz - interval '1 minute')

-- name: tokens
select api_tokens.id, accounts.name as account, label, rights, division_id, api_tokens.created_at, expires_at, used_at,
       revoked_at
from api_tokens join accounts on accounts.id = api_tokens.account_id
where (%(account)s::uuid is null or account_id = %(account)s::uuid)
order by api_tokens.created_at

-- name: revoke_token
update api_tokens set revoked_at = %(now)s
where id = %(id)s and revoked_at is null and (%(account)s::uuid is null or account_id = %(account)s::uuid)
returning account_id

-- name: grants_in_words
-- The roles of now, each with the name of its division today.
select held.role, held.division_id, version.name as division, upper(held.valid) as until
from account_roles held
left join division_versions version
       on version.division_id = held.division_id and version.valid @> %(now)s::timestamptz
      and upper_inf(version.recorded)
where held.account_id = %(account)s and held.valid @> %(now)s::timestamptz
order by held.id

-- name: division_of_code
-- A division by its code today; by its name where only one has it.
select division_id from division_versions
where (code = %(named)s or name = %(named)s) and valid @> %(now)s::timestamptz and upper_inf(recorded)
order by code = %(named)s desc, division_id limit 3

-- name: division_within
-- The same of a scope.
select division_id from division_versions
where (code = %(named)s or name = %(named)s) and valid @> %(now)s::timestamptz and upper_inf(recorded)
  and (%(everywhere)s or division_id in (
        select descendant_id from division_closure where ancestor_id = any(%(divisions)s::integer[])))
order by code = %(named)s desc, division_id limit 3

-- name: place_codes
select division_id, code from division_versions
where division_id = any(%(ids)s) and code is not null and upper_inf(recorded) and valid @> %(now)s::timestamptz

-- name: place_names
select distinct on (division_id) division_id, name from division_versions
where division_id = any(%(ids)s) and upper_inf(recorded)
order by division_id, valid @> %(now)s::timestamptz desc, lower(valid) desc nulls last

-- name: readers_signed_in
select distinct usename from pg_stat_activity
where datname = current_database() and application_name in ('shijing-web-scoped', 'shijing-web-live')
order by usename;
