-- Who may sign in, what their roles allow and where; and the one place where scope is applied: a role of the
-- database, shijing_web, that sees of each table only what lies in the scope of whoever asks. What it was not
-- granted it cannot read at all, so that a table nobody thought of is shut and not open.

-- All that lies in a division by today's map, itself included: what a right held for it reaches.
create table division_closure (
    ancestor_id   integer not null references divisions,
    descendant_id integer not null references divisions,
    primary key (ancestor_id, descendant_id)
);
create index on division_closure (descendant_id, ancestor_id);

-- Written from the versions that are valid now; called where they change, and by upkeep when time alone changes them.
create function refresh_division_closure() returns void language sql as $$
    with recursive below (ancestor_id, descendant_id) as (
        select id, id from divisions
        union
        select below.ancestor_id, version.division_id
        from below join division_versions version
          on version.parent_id = below.descendant_id and upper_inf(version.recorded) and version.valid @> now()
    ), gone as (
        delete from division_closure
        where not exists (select from below where below.ancestor_id = division_closure.ancestor_id
                          and below.descendant_id = division_closure.descendant_id)
    )
    insert into division_closure select * from below on conflict do nothing
$$;

-- At the commit of whatever changed divisions, once, however many rows that were.
create function refresh_closure_once() returns trigger language plpgsql as $$
declare
    this_one text := pg_current_xact_id()::text;
begin
    if current_setting('shijing.closure_of', true) is distinct from this_one then
        perform refresh_division_closure();
        perform set_config('shijing.closure_of', this_one, true);
    end if;
    return null;
end $$;
create constraint trigger keeps_closure after insert or update or delete on division_versions
    deferrable initially deferred for each row execute function refresh_closure_once();
create constraint trigger keeps_closure after insert on divisions
    deferrable initially deferred for each row execute function refresh_closure_once();
select refresh_division_closure();

-- Accounts. An account's id is its actor's, which transitions and the audit name: opaque, and never used again.
create table accounts (
    id            uuid primary key references actors,
    name          text not null check (name ~ '^[^[:cntrl:][:space:]/\\<>"&]{1,60}$'),
    kind          text not null check (kind in ('person', 'screen', 'service')),
    password_hash text,                        -- Argon2id; null: no password opens it
    must_change   boolean not null default false,  -- the password was given by somebody else
    totp_secret   bytea,                       -- encrypted (access/vault.py); null: no second factor
    totp_step     bigint,                      -- the last 30 s that a code was taken of: none is taken twice
    oidc_subject  text unique,                 -- issuer and subject of a single sign-on
    failed_tries  integer not null default 0,
    locked_until  timestamptz,                 -- by failed tries
    locked_at     timestamptz,                 -- by a person
    created_at    timestamptz not null default now(),
    created_by    uuid                         -- null: by command
);
create unique index account_names on accounts (lower(name));

-- What an account may do where: a role of config/roles.toml for a division and all in it; null: everywhere.
-- A grant that ended is kept: who could do what, then.
create table account_roles (
    id          bigint generated always as identity primary key,
    account_id  uuid not null references accounts,
    role        text not null,
    division_id integer references divisions,
    valid       tstzrange not null default tstzrange(now(), null),
    granted_by  uuid,
    check (not isempty(valid)),
    exclude using gist (account_id with =, role with =, coalesce(division_id, 0) with =, valid with &&)
);

-- Only hashes of what a browser, a link or a program holds: who reads this table gets in nowhere.
create table sessions (
    token_hash    bytea primary key,
    account_id    uuid not null references accounts,
    created_at    timestamptz not null,
    seen_at       timestamptz not null,
    expires_at    timestamptz not null,
    idle_s        integer not null,            -- ends after so long without a request
    address       text not null default '',
    agent         text not null default '',
    way           text not null check (way in ('password', 'totp', 'link', 'oidc'))  -- how it was opened
);
create index on sessions (account_id);
create index on sessions (expires_at);

create table sign_in_links (
    token_hash bytea primary key,
    account_id uuid not null references accounts,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz
);

create table api_tokens (
    id          uuid primary key default gen_random_uuid(),
    token_hash  bytea not null unique,
    account_id  uuid not null references accounts,
    label       text not null check (label <> ''),
    rights      text[] not null,               -- of those that the account has: no more than these
    division_id integer references divisions,  -- only there; null: wherever the account may
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    used_at     timestamptz,
    revoked_at  timestamptz
);
create index on api_tokens (account_id);

-- Streams of an account that may no longer are ended.
create trigger accounts_changed after update of locked_at on accounts
    for each statement execute function notify_statement('shijing_access');
create trigger account_roles_changed after insert or update on account_roles
    for each statement execute function notify_statement('shijing_access');
create trigger sessions_ended after delete on sessions
    for each statement execute function notify_statement('shijing_access');
create trigger api_tokens_revoked after update of revoked_at on api_tokens
    for each statement execute function notify_statement('shijing_access');

-- The role that pages, API and streams read as. It belongs to the server and not to this database, so others
-- may be making it at this very moment; where this user may not make roles, somebody who may has to.
do $$
begin
    if not exists (select from pg_roles where rolname = 'shijing_web') then
        create role shijing_web nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise exception 'the role shijing_web is missing and % may not make it', current_user
            using hint = format('let an administrator run: create role shijing_web nologin; grant shijing_web to %I;',
                                current_user), errcode = 'insufficient_privilege';
end $$;
do $$
begin
    if not pg_has_role(current_user, 'shijing_web', 'member') then
        execute format('grant shijing_web to %I', current_user);
    end if;
end $$;
grant usage on schema public to shijing_web;

-- The scope of whoever asks is a setting of the connection: 'all', or the ids of divisions. Not set: nothing.
create function sees_all() returns boolean language sql stable parallel safe as $$
    select coalesce(current_setting('shijing.scope', true), '') = 'all'
$$;
create function scope_roots() returns integer[] language sql stable parallel safe as $$
    select case when sees_all() then '{}'
                else string_to_array(coalesce(current_setting('shijing.scope', true), ''), ',')::integer[] end
$$;
create function in_scope() returns setof integer language sql stable parallel safe as $$
    select descendant_id from division_closure where ancestor_id = any(scope_roots())
$$;
-- The scope and all that it lies in: what concerns the whole district concerns the township, too.
create function around_scope() returns setof integer language sql stable parallel safe as $$
    select descendant_id from division_closure where ancestor_id = any(scope_roots())
    union
    select ancestor_id from division_closure where descendant_id = any(scope_roots())
$$;
-- Written out in each policy, not as a function, so that the planner may turn it over: few sensors are asked for
-- one by one, many at once.
create index sensor_divisions_now on sensor_divisions (sensor_id, division_id) where upper_inf(recorded);

grant select on divisions, division_versions, boundary_versions, division_lineage, division_touches, division_closure,
    devices, sensors, sensor_places, sensor_divisions, alerts, alert_transitions, alert_incidents, incidents,
    incident_cells, incident_transitions, plan_runs, run_alerts, run_transitions, tasks, suppressions, cap_messages,
    live_events, warnings, warning_divisions, rule_sets, partitions, intake, instance, actors
    to shijing_web;
grant select (state, reason, count) on quarantine to shijing_web;  -- how much of it there is

alter view alert_incidents set (security_invoker = true);

alter table sensors enable row level security;
create policy scope on sensors for select to shijing_web using ((select sees_all()) or exists (
        select from sensor_divisions place
        where place.sensor_id = sensors.id and upper_inf(place.recorded) and place.valid @> now()
          and place.division_id in (select in_scope())));
alter table sensor_places enable row level security;
create policy scope on sensor_places for select to shijing_web
    using ((select sees_all()) or exists (select from sensors where sensors.id = sensor_id));
-- (sensor_divisions, numbers alone, is what the others are told by: it has no policy of its own.)
-- A gateway belongs to whoever has a sensor behind it. (Told by a function with the owner's rights: a policy
-- that asks its own table has no end.)
create function gateways_in_scope() returns setof text language sql stable parallel safe security definer
set search_path = public as $$
    select distinct behind.gateway
    from sensor_divisions place
    join sensors on sensors.id = place.sensor_id
    join devices behind on behind.id = sensors.device_id
    where behind.gateway is not null and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id in (select in_scope())
$$;
alter table devices enable row level security;
create policy scope on devices for select to shijing_web
    using ((select sees_all()) or exists (select from sensors where sensors.device_id = devices.id)
           or name in (select gateways_in_scope()));

alter table alerts enable row level security;
create policy scope on alerts for select to shijing_web
    using ((select sees_all()) or township_id in (select in_scope()) or grid_id in (select in_scope())
           -- of a division larger than a township, or of more than one: whoever has all of it
           or subject >> 32 = 3 and (subject & 4294967295)::integer in (select in_scope()));
alter table alert_transitions enable row level security;
create policy scope on alert_transitions for select to shijing_web
    using ((select sees_all()) or exists (select from alerts where alerts.id = alert_id));
alter table cap_messages enable row level security;
create policy scope on cap_messages for select to shijing_web
    using ((select sees_all()) or exists (select from alerts where alerts.id = alert_id));

alter table incident_cells enable row level security;
create policy scope on incident_cells for select to shijing_web
    using ((select sees_all()) or township_id in (select in_scope()) or grid_id in (select in_scope()));
-- Of an incident that reaches beyond the scope there is that it is, how grave and how large; its alerts and
-- places are those of the scope alone.
alter table incidents enable row level security;
create policy scope on incidents for select to shijing_web
    using ((select sees_all()) or exists (select from incident_cells where incident_id = incidents.id));
alter table incident_transitions enable row level security;
create policy scope on incident_transitions for select to shijing_web
    using ((select sees_all())
           or exists (select from incidents where incidents.id = incident_id)
              and (alert_id is null or exists (select from alerts where alerts.id = alert_id)));

alter table plan_runs enable row level security;
create policy scope on plan_runs for select to shijing_web
    using ((select sees_all()) or township_id in (select in_scope()));
alter table run_alerts enable row level security;
create policy scope on run_alerts for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id)
                               and exists (select from alerts where alerts.id = alert_id));
alter table run_transitions enable row level security;
create policy scope on run_transitions for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));
alter table tasks enable row level security;
create policy scope on tasks for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));

alter table suppressions enable row level security;
create policy scope on suppressions for select to shijing_web
    using ((select sees_all()) or division_id in (select around_scope())
           or subject is null and division_id is null  -- of a rule, everywhere
           or case subject >> 32
                  when 0 then exists (select from sensors where sensors.id = subject::integer)
                  when 1 then exists (select from devices where devices.id = (subject & 4294967295)::integer)
                  when 2 then exists (select from devices where devices.id = (subject & 4294967295)::integer)
                  when 3 then (subject & 4294967295)::integer in (select in_scope())
                  else exists (select from alerts where alerts.subject = suppressions.subject) end);

-- An official warning concerns all whom it covers, and those in whom it lies.
alter table warning_divisions enable row level security;
create policy scope on warning_divisions for select to shijing_web
    using ((select sees_all()) or division_id in (select around_scope()));
alter table warnings enable row level security;
create policy scope on warnings for select to shijing_web
    using ((select sees_all()) or exists (select from warning_divisions where warning_id = warnings.id));

-- What happened is told to whoever may read what it happened to; the rest concerns everybody.
alter table live_events enable row level security;
create policy scope on live_events for select to shijing_web
    using ((select sees_all())
           or case kind
                  when 'alert' then exists (select from alerts where id = (payload ->> 'alert_id')::bigint)
                  when 'run' then exists (select from plan_runs where id = (payload ->> 'run_id')::bigint)
                  when 'incident' then exists (select from incidents where id = (payload ->> 'incident_id')::bigint)
                  when 'warning' then exists (select from warnings
                                               where payload -> 'warning_ids' @> to_jsonb(warnings.id))
                  else true end);

-- Readings cannot have row-level security where they are compressed; there the web role has no right to the table,
-- and finds under the same name what lies in its scope.
create schema scoped;
grant usage on schema scoped to shijing_web;
create view scoped.readings with (security_barrier) as
select * from public.readings where (select sees_all()) or exists (
    select from sensor_divisions place
    where place.sensor_id = readings.sensor_id and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id in (select in_scope()));
grant select on scoped.readings to shijing_web;
