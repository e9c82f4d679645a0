-- What an injected statement could still do with a reader's connection (access/readers.py, docs/accounts.md).

-- The scope is a setting, and a setting can be set by whoever gets a statement in. So it counts only with a seal: a
-- keyed SHA-256 over it (two keys, as HMAC), which the server makes and a reader can neither make nor read the key of.
create table scope_key (
    one       boolean primary key default true check (one),
    inner_key bytea not null,
    outer_key bytea not null
);
insert into scope_key (inner_key, outer_key) select sha256(random[1]), sha256(random[2]) from (
    select array_agg(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as random from generate_series(1, 2)
) drawn;

-- The scope that was sealed: 'all', or ids of divisions; '' where there is none, or the seal is not ours. With the
-- owner's rights, for the key; in plpgsql, which keeps its plan for the whole session.
create function granted_scope() returns text language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp as $$
declare
    said text := coalesce(current_setting('shijing.scope', true), '');
begin
    return coalesce((
        select substr(said, 66) from public.scope_key
        where left(said, 64)
              = encode(sha256(outer_key || sha256(inner_key || convert_to(substr(said, 66), 'UTF8'))), 'hex')), '');
end $$;

-- Bound to their tables here and now (`begin atomic`): nobody can put another one before them.
create or replace function sees_all() returns boolean language sql stable parallel safe
begin atomic
    select granted_scope() = 'all';
end;
create or replace function scope_roots() returns integer[] language sql stable parallel safe
begin atomic
    select coalesce(string_to_array(nullif(granted_scope(), 'all'), ',')::integer[], '{}');
end;
create or replace function in_scope() returns setof integer language sql stable parallel safe
begin atomic
    select descendant_id from division_closure where ancestor_id = any(scope_roots());
end;
create or replace function around_scope() returns setof integer language sql stable parallel safe
begin atomic
    select descendant_id from division_closure where ancestor_id = any(scope_roots())
    union
    select ancestor_id from division_closure where descendant_id = any(scope_roots());
end;

-- What a first view needs of every sensor there is, found at once and not row by row through the policies of three
-- tables (measured with `shijing bench scope`): with the owner's rights, so what they begin with is the scope.
create function sensors_in_scope() returns setof integer language sql stable parallel safe security definer
rows 2000 set search_path = public, pg_temp
begin atomic
    select id from sensors where sees_all()
    union all
    select distinct place.sensor_id from sensor_divisions place
    where not sees_all() and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id = any(array(select in_scope()));
end;
create function sensors_placed(at timestamptz) returns table (
    id integer, name text, label text, quantity text, unit text, datum text, river text, levels jsonb, source text,
    interval_s integer, lon double precision, lat double precision)
language sql stable parallel safe security definer rows 2000 set search_path = public, pg_temp
begin atomic
    select sensors.id, sensors.name, sensors.label, sensors.quantity, sensors.unit, sensors.datum, sensors.river,
           sensors.levels, sensors.source, sensors.interval_s, place.lon, place.lat
    from sensors_in_scope() seen (id)
    join sensors on sensors.id = seen.id
    left join sensor_places place
           on place.sensor_id = sensors.id and place.valid @> sensors_placed.at and upper_inf(place.recorded)
    where place.reason is distinct from 'retired';
end;
-- One index probe per sensor: the newest reading and the one before it.
create function newest_readings() returns table (sensor_id integer, times timestamptz[], readings double precision[])
language sql stable parallel safe security definer rows 2000 set search_path = public, pg_temp
begin atomic
    select seen.id, newest.times, newest.readings
    from sensors_in_scope() seen (id)
    cross join lateral (
        select array_agg(two.time) as times, array_agg(two.value) as readings
        from (select time, value from readings where readings.sensor_id = seen.id order by time desc limit 2) two
    ) newest
    where newest.times is not null;
end;

-- Functions with the owner's rights look among somebody's temporary tables last, not first.
do $$
declare
    one regprocedure;
begin
    for one in select oid from pg_proc where prosecdef and proconfig @> '{search_path=public}' loop
        execute format('alter function %s set search_path = public, pg_temp', one);
    end loop;
end $$;

-- A reader signs in as itself, where the server lets it, and makes no temporary tables. (The role is the server's and
-- not this database's: others may be changing it at this moment, and who may not leaves it to an administrator.)
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
    if exists (select from pg_roles where rolname = 'shijing_web' and not rolcanlogin) then
        alter role shijing_web login;
    end if;
exception
    when insufficient_privilege or internal_error then
        raise notice 'shijing_web was not changed: %', sqlerrm;
end $$;

-- The lower half of a subject is an integer, as are the numbers it is compared with: else their index is not used.
create or replace function alert_name(one alerts) returns text language sql stable as $$
    select case one.subject >> 32
        when 0 then (select name from sensors where id = one.sensor_id)
        when 3 then (select name from division_versions
                     where division_id = (one.subject & 4294967295)::integer
                       and valid @> one.opened_at and upper_inf(recorded))
        when 4 then one.title
        else (select name from devices where id = (one.subject & 4294967295)::integer) end
$$;
