-- Devices, their sensors (a sensor is one quantity of one device), where each
-- sensor stood and which divisions that place belonged to.

create table devices (
    id        integer generated always as identity primary key,
    name      text not null unique check (name ~ '^[^/+#\s]+$'),   -- one MQTT topic level
    gateway   text,
    note      text not null default ''
);

create table sensors (
    id          integer generated always as identity primary key,
    name        text not null unique check (name <> ''),
    device_id   integer not null references devices,
    quantity    text not null check (quantity ~ '^[^/+#\s]+$'),
    unit        text not null,                 -- readings are stored in this unit
    -- Height system of a stage; 'unstated' where the source names none.
    datum       text,
    interval_s  integer check (interval_s > 0),
    label       text not null default '',      -- what people call it (寸滩)
    river       text not null default '',
    -- Levels of its own (warning, guarantee, highest …) in `unit` and `datum`.
    levels      jsonb not null default '{}' check (jsonb_typeof(levels) = 'object'),
    source      text not null default '',
    unique (device_id, quantity)
);

create table sensor_places (
    id          bigint generated always as identity primary key,
    sensor_id   integer not null references sensors,
    lon         double precision check (lon between -180 and 180),   -- null: place unknown
    lat         double precision check (lat between -90 and 90),
    reason      text not null check (reason in
                    ('installed', 'moved', 'replaced', 'retired', 'corrected')),
    source      text not null default '',
    valid       tstzrange not null default tstzrange(null, null),
    recorded    tstzrange not null default tstzrange(now(), null),
    check (not isempty(valid) and not isempty(recorded)),
    check ((lon is null) = (lat is null)),
    exclude using gist (sensor_id with =, valid with &&, recorded with &&)
);

-- Derived from sensor_places × boundary_versions; written again when either changes.
create table sensor_divisions (
    sensor_id   integer not null references sensors,
    level       text not null check (level in ('district', 'township', 'village', 'grid', 'microgrid')),
    division_id integer not null references divisions,
    valid       tstzrange not null,
    recorded    tstzrange not null default tstzrange(now(), null),
    exclude using gist (sensor_id with =, level with =, valid with &&, recorded with &&)
);
create index on sensor_divisions (division_id);
