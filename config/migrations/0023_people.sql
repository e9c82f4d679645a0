-- Organisations, people, the posts that they hold, rosters and absences. As with divisions, `valid` (or `during`)
-- is the world's time and `recorded` the database's: nothing is overwritten, a row is closed and another written.
-- What names or reaches a person is only in people_private, sealed; all else knows an id without meaning.

create table organisations (
    id      integer generated always as identity primary key,
    kind    text not null check (kind in
                ('city', 'district', 'township', 'village', 'grid', 'bureau', 'outside')),
    -- What files and people call it for good; that of a division is taken where it is that division's own.
    code    text not null unique check (code ~ '^[^\s]+$')
);

create table organisation_versions (
    id              bigint generated always as identity primary key,
    organisation_id integer not null references organisations,
    parent_id       integer references organisations check (parent_id <> organisation_id),
    name            text not null check (name <> ''),
    valid           tstzrange not null default tstzrange(null, null),
    recorded        tstzrange not null default tstzrange(now(), null),
    check (not isempty(valid) and not isempty(recorded)),
    exclude using gist (organisation_id with =, valid with &&, recorded with &&)
);
create index on organisation_versions (parent_id);
create index on organisation_versions (name);

-- What an organisation answers for. Not the same tree: the centre of 高新区 covers townships of two counties.
create table organisation_divisions (
    id              bigint generated always as identity primary key,
    organisation_id integer not null references organisations,
    division_id     integer not null references divisions,
    valid           tstzrange not null default tstzrange(null, null),
    recorded        tstzrange not null default tstzrange(now(), null),
    check (not isempty(valid) and not isempty(recorded)),
    exclude using gist (organisation_id with =, division_id with =, valid with &&, recorded with &&)
);
create index on organisation_divisions (division_id);

create table people (
    id              uuid primary key default gen_random_uuid(),
    organisation_id integer not null references organisations,
    staff_number    text not null check (staff_number <> ''),
    unique (organisation_id, staff_number),
    unique (id, organisation_id)               -- what the tables below refer to: theirs is always the person's own
);

create table person_terms (
    id              bigint generated always as identity primary key,
    person_id       uuid not null,
    organisation_id integer not null,
    employment      text not null check (employment in ('full_time', 'part_time', 'volunteer')),
    skills          text[] not null default '{}',
    valid           tstzrange not null,
    recorded        tstzrange not null default tstzrange(now(), null),
    foreign key (person_id, organisation_id) references people (id, organisation_id),
    check (not isempty(valid) and not isempty(recorded)),
    exclude using gist (person_id with =, valid with &&, recorded with &&)
);

-- Sealed with a key that is not in the database. No history: the row can be erased, and with it the person's name.
create table people_private (
    person_id       uuid primary key,
    organisation_id integer not null,
    name            bytea not null,
    phone           bytea not null,
    email           bytea not null,
    name_blind      bytea not null,            -- to find by a whole name or number, without opening any
    phone_blind     bytea not null,
    digest          bytea not null,            -- of all fields: whether a file brings anything new
    foreign key (person_id, organisation_id) references people (id, organisation_id)
);
create index on people_private (name_blind);
create index on people_private (phone_blind);

-- Division first in the constraints: who is on duty is asked by division and time, and the same index answers.
create table post_holdings (
    id          bigint generated always as identity primary key,
    person_id   uuid not null references people,
    post        text not null check (post <> ''),   -- an id of config/posts.toml
    division_id integer not null references divisions,
    valid       tstzrange not null check (not isempty(valid) and isfinite(lower(valid))),
    recorded    tstzrange not null default tstzrange(now(), null) check (not isempty(recorded)),
    exclude using gist (division_id with =, valid with &&, recorded with &&, person_id with =, post with =)
);
create index on post_holdings (person_id);

create table shifts (
    id          bigint generated always as identity primary key,
    person_id   uuid not null references people,
    post        text not null check (post <> ''),
    division_id integer not null references divisions,
    during      tstzrange not null check (not isempty(during) and isfinite(lower(during)) and isfinite(upper(during))),
    recorded    tstzrange not null default tstzrange(now(), null) check (not isempty(recorded)),
    exclude using gist (division_id with =, during with &&, recorded with &&, person_id with =, post with =)
);
create index on shifts (person_id);

create table absences (
    id              bigint generated always as identity primary key,
    person_id       uuid not null,
    organisation_id integer not null,
    during          tstzrange not null check (not isempty(during) and isfinite(lower(during))),
    kind            text not null check (kind in ('leave', 'sick', 'training', 'other')),
    stand_in_id     uuid references people check (stand_in_id <> person_id),   -- for all that the person has to do
    recorded        tstzrange not null default tstzrange(now(), null) check (not isempty(recorded)),
    foreign key (person_id, organisation_id) references people (id, organisation_id),
    exclude using gist (person_id with =, during with &&, recorded with &&)
);
create index on absences (stand_in_id);

-- The one change that a row of history knows: that it is believed no longer.
create function history_stays() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and upper_inf(old.recorded) and not upper_inf(new.recorded)
       and lower(new.recorded) = lower(old.recorded)
       and to_jsonb(new) - 'recorded' = to_jsonb(old) - 'recorded' then
        return new;
    end if;
    raise exception 'rows of % are history: close what is recorded and write another row', tg_table_name
        using errcode = 'restrict_violation';
end $$;

create trigger history_stays before update or delete on organisation_versions
    for each row execute function history_stays();
create trigger history_stays before update or delete on organisation_divisions
    for each row execute function history_stays();
create trigger history_stays before update or delete on person_terms
    for each row execute function history_stays();
create trigger history_stays before update or delete on post_holdings
    for each row execute function history_stays();
create trigger history_stays before update or delete on shifts
    for each row execute function history_stays();
create trigger history_stays before update or delete on absences
    for each row execute function history_stays();

-- What the pages may read, in the scope of whoever asks (0021). people_private is no page's: the server opens the
-- names of people whose row was found, as the owner and with the key. Told by functions with the owner's rights, as a
-- policy that asks a table whose policy asks it has no end; each is asked once in a statement.
create function organisations_in_scope() returns setof integer language sql stable parallel safe security definer
set search_path = public as $$
    select distinct organisation_id from organisation_divisions
    where upper_inf(recorded) and coalesce(upper(valid) > now(), true) and division_id in (select in_scope())
$$;
create function staff_in_scope() returns setof uuid language sql stable parallel safe security definer
set search_path = public as $$
    select id from people where organisation_id in (select organisations_in_scope())
$$;
-- Those, whoever else holds a post or a shift for a division there, and whoever stands in for any of them.
create function people_in_scope() returns setof uuid language sql stable parallel safe security definer
set search_path = public as $$
    with near as (
        select staff_in_scope() as person_id
        union
        select person_id from post_holdings where division_id in (select in_scope())
        union
        select person_id from shifts where division_id in (select in_scope())
    )
    select person_id from near
    union
    select stand_in_id from absences
    where stand_in_id is not null and upper_inf(recorded) and person_id in (select person_id from near)
$$;

grant select on organisations, organisation_versions, organisation_divisions, people, person_terms, post_holdings,
    shifts, absences to shijing_web;
alter table organisations enable row level security;
create policy scope on organisations for select to shijing_web
    using ((select sees_all()) or id in (select organisations_in_scope()));
alter table organisation_versions enable row level security;
create policy scope on organisation_versions for select to shijing_web
    using ((select sees_all()) or organisation_id in (select organisations_in_scope()));
alter table organisation_divisions enable row level security;
create policy scope on organisation_divisions for select to shijing_web
    using ((select sees_all()) or organisation_id in (select organisations_in_scope()));
alter table people enable row level security;
create policy scope on people for select to shijing_web
    using ((select sees_all()) or id in (select people_in_scope()));
alter table person_terms enable row level security;
create policy scope on person_terms for select to shijing_web
    using ((select sees_all()) or person_id in (select people_in_scope()));
alter table post_holdings enable row level security;
create policy scope on post_holdings for select to shijing_web
    using ((select sees_all()) or division_id in (select in_scope()) or person_id in (select staff_in_scope()));
alter table shifts enable row level security;
create policy scope on shifts for select to shijing_web
    using ((select sees_all()) or division_id in (select in_scope()) or person_id in (select staff_in_scope()));
alter table absences enable row level security;
create policy scope on absences for select to shijing_web
    using ((select sees_all()) or person_id in (select people_in_scope()));
