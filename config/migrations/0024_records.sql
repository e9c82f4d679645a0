-- Residents who need care (一老一小): where, of which kind, with what needs; who they are only encrypted, in
-- rows that can be erased. And what the pages were asked for.

create table residents (
    id          uuid primary key,
    division_id integer not null references divisions,  -- a grid, village or township
    kind        text not null check (kind in ('elder', 'child', 'disabled', 'patient', 'other')),
    needs       text[] not null default '{}' check (
        needs <@ array['alone', 'bedridden', 'walking', 'sight', 'hearing', 'dementia', 'oxygen', 'medicine', 'infant']),
    valid       tstzrange not null check (not isempty(valid) and not lower_inf(valid)),
    recorded_at timestamptz not null default now(),
    erased_at   timestamptz                             -- when their details were
);
create index on residents (division_id);
create index on residents (upper(valid)) where erased_at is null;

-- Each field sealed by access/vault.py; null: not known.
create table resident_details (
    resident_id uuid primary key references residents,
    name        bytea not null,
    address     bytea,
    phone       bytea,
    note        bytea,
    reference   bytea,            -- what tells them apart in the file that they came from, such as an ID number
    reference_blind bytea unique
);

-- Who looked at whose record, and in which words they said why.
create table record_openings (
    id          uuid primary key,
    resident_id uuid not null references residents,
    actor       uuid not null,
    at          timestamptz not null,
    reason      bytea,            -- sealed; null once erased
    audit_seq   bigint not null
);
create index on record_openings (resident_id);
create index on record_openings (at);

-- What the pages were asked for: by the route's template, since a path may hold what nobody need keep.
create table access_log (
    at      timestamptz not null,
    account uuid,                 -- null: nobody was signed in
    method  text not null,
    route   text not null,
    status  smallint not null,
    ms      real not null,
    address text not null
);
create index on access_log (at);
create index on access_log (account, at) where account is not null;
