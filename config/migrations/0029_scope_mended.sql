-- What the walk through every route and scope found in 0021.

-- An incident that was merged has no cells any more: who sees what it became may ask under its number, and an
-- alert still names it.
drop policy scope on incidents;
create policy scope on incidents for select to shijing_web
    using ((select sees_all())
           or exists (select from incident_cells where incident_id = coalesce(incidents.merged_into, incidents.id)));

-- Names of accounts are told where a page tells them: who put rules in force.
alter table actors enable row level security;
create policy scope on actors for select to shijing_web
    using ((select sees_all()) or exists (select from rule_sets where rule_sets.actor = actors.id));

-- Whether all that a subject stands for lies in the scope. A gateway speaks for sensors of several townships: one
-- of them sees it, and does not decide about it. (With the owner's rights, for it counts what is not shown.)
create function subject_within_scope(subject bigint) returns boolean language sql stable security definer
set search_path = public as $$
    select case subject >> 32
        when 0 then within.all_of_it
        when 1 then within.all_of_it
        when 2 then within.all_of_it
        when 3 then (subject & 4294967295) in (select in_scope())
        else exists (select from alerts where alerts.subject = subject_within_scope.subject
                     and (township_id in (select in_scope()) or grid_id in (select in_scope()))) end
    from (
        select coalesce(bool_and(exists (
                   select from sensor_divisions place
                   where place.sensor_id = sensors.id and upper_inf(place.recorded) and place.valid @> now()
                     and place.division_id in (select in_scope()))), false) as all_of_it
        from sensors
        join devices on devices.id = sensors.device_id
        where case subject >> 32
                  when 0 then sensors.id = subject
                  when 1 then devices.id = subject & 4294967295
                  when 2 then devices.id = subject & 4294967295
                           or devices.gateway = (select name from devices where id = subject & 4294967295)
                  else false end
    ) within
$$;

-- Names that nobody has are tried, too. They wait as long as those that somebody has, so that a wait says nothing.
create table unknown_names (
    fingerprint  bytea primary key,            -- SHA-256 of the name in small letters: what was typed may be a password
    failed_tries integer not null,
    locked_until timestamptz,
    tried_at     timestamptz not null
);
create index on unknown_names (tried_at);

-- A trial of rules asks which partition hears a sensor.
grant select on heard_by to shijing_web;
alter table heard_by enable row level security;
create policy scope on heard_by for select to shijing_web
    using ((select sees_all()) or exists (select from sensors where sensors.id = sensor_id));
