-- What stands in a grid (人房地事物组织): facilities, shelters, hazard points, cameras … of the kinds of
-- config/scene_kinds.toml. They are written by imports, each one known by who tells of it and the number it has there.

create table things (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
    name        text not null check (name ~ '\S' and length(name) <= 120),
    lon         double precision not null check (lon between -180 and 180),  -- CGCS2000; of what has an extent: a point in it
    lat         double precision not null check (lat between -90 and 90),
    geometry    bytea,                         -- WKB, lon/lat, of what is no point
    attributes  jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
    source      text not null check (source ~ '\S' and length(source) <= 120),
    external_id text not null check (external_id ~ '\S' and length(external_id) <= 160),
    licence     text not null default '' check (length(licence) <= 200),
    -- Where it lies as divided now: derived by scene/placing.py, and again whenever the map changes.
    district_id integer references divisions,
    township_id integer references divisions,
    village_id  integer references divisions,
    grid_id     integer references divisions,
    added_at    timestamptz not null default now(),
    changed_at  timestamptz not null default now(),
    removed_at  timestamptz,                   -- it stands there no more
    unique (source, kind, external_id)
);
create index things_of_district on things (district_id, kind) where removed_at is null;
create index things_of_township on things (township_id, kind) where removed_at is null;
create index things_of_village on things (village_id, kind) where removed_at is null;
create index things_of_grid on things (grid_id, kind) where removed_at is null;
create index things_at on things (lon, lat);

-- By which state of the divisions (0043) all things were placed, and until when that holds: boundaries come into effect
-- by time alone, too.
create table things_placed (
    one    boolean primary key default true check (one),
    number bigint not null,
    until  timestamptz                         -- null: nothing is to come
);

-- What the pages may read, in the scope of whoever asks.
grant select on things to shijing_web;
alter table things enable row level security;
create policy scope on things for select to shijing_web
    using ((select sees_all()) or grid_id = any(array(select in_scope())) or village_id = any(array(select in_scope()))
           or township_id = any(array(select in_scope())) or district_id = any(array(select in_scope())));
