-- Divisions (city … micro-grid) and their boundaries, both under two clocks:
-- `valid` is the world's time, `recorded` is the database's. A version is never
-- overwritten: its `recorded` range is closed and a new row is written.

create extension if not exists btree_gist;

create table divisions (
    id      integer generated always as identity primary key,
    level   text not null check (level in
                ('city', 'district', 'township', 'village', 'grid', 'microgrid'))
);

create table division_versions (
    id          bigint generated always as identity primary key,
    division_id integer not null references divisions,
    parent_id   integer references divisions,
    -- 6 (city, district), 9 (township), 12 (village), 15 (grid) or 17 (micro-grid)
    -- digits. An attribute, not a key: two official lists number townships apart.
    code        text not null check (code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'),
    name        text not null check (name <> ''),
    kind        text not null default '',      -- 街道, 镇, 乡, 民族乡, 区, 县 …
    population  integer check (population >= 0),
    households  integer check (households >= 0),
    -- The published reference point (a seat, not a centroid); null: not located.
    lon         double precision check (lon between -180 and 180),
    lat         double precision check (lat between -90 and 90),
    note        text not null default '',
    source      text not null,
    valid       tstzrange not null default tstzrange(null, null),
    recorded    tstzrange not null default tstzrange(now(), null),
    check (not isempty(valid) and not isempty(recorded)),
    check ((lon is null) = (lat is null)),
    exclude using gist (division_id with =, valid with &&, recorded with &&)
);
create index on division_versions (parent_id);
create index on division_versions (code);

create table boundary_versions (
    id          bigint generated always as identity primary key,
    division_id integer not null references divisions,
    geometry    bytea not null,                -- WKB (Multi)Polygon, CGCS2000 (EPSG:4490), lon/lat
    area_m2     double precision not null check (area_m2 > 0),  -- in its Gauss-Krüger zone
    derived     boolean not null,              -- true: not an official line, say so wherever it is shown
    source      text not null,
    valid       tstzrange not null default tstzrange(null, null),
    recorded    tstzrange not null default tstzrange(now(), null),
    check (not isempty(valid) and not isempty(recorded)),
    exclude using gist (division_id with =, valid with &&, recorded with &&)
);

create table division_lineage (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind in
                    ('split', 'merge', 'rename', 'transfer', 'correction', 'established', 'abolished')),
    from_id     integer references divisions,
    to_id       integer references divisions,
    effective   timestamptz not null,
    recorded_at timestamptz not null default now(),
    note        text not null default '',
    check (from_id is not null or to_id is not null)
);
