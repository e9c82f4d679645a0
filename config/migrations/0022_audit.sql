-- What people and the system did, one row an act: without gaps, append-only, chained by hash, sealed from outside.
-- It holds opaque ids and plain facts only, so that a person can be forgotten and the chain still stands.

create table audit (
    seq         bigint primary key,
    at          timestamptz not null,     -- this and the last two: the trigger's, whatever was given
    actor       uuid,                     -- null: the system; no reference, whoever is gone stays named by an id
    act         text not null check (act ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
    subject     text not null check (subject ~ '^[\x20-\x7e]{0,200}$'),
    division_id integer,
    details     jsonb not null check (jsonb_typeof(details) = 'object' and octet_length(details::text) <= 4000
                         and details::text ~ '^[\x20-\x7e]*$'),
    prev        bytea not null,
    hash        bytea not null
);
create index on audit (at);
create index on audit (actor, seq);
create index on audit (division_id, seq);

-- Seals vouch for all entries up to theirs with a key that is not in the database (access/seals.py).
create table audit_seals (
    id     bigint generated always as identity primary key,
    seq    bigint not null,
    hash   bytea not null,
    at     timestamptz not null,
    key_id text not null,
    mac    bytea not null
);
create index on audit_seals (seq);

-- A field with its length in bytes before it, so that no two rows read the same; '-' for null.
create function audit_field(value text) returns text language sql immutable as $$
    select case when value is null then '-' else octet_length(convert_to(value, 'UTF8')) || ':' || value end
$$;

-- What is hashed of a row, after the hash of the row before it. access/chain.py writes the same on its own.
create function audit_text(one audit) returns text language sql stable as $$
    select audit_field(one.seq::text)
        || audit_field((extract(epoch from one.at) * 1000000)::bigint::text)
        || audit_field(one.actor::text)
        || audit_field(one.act)
        || audit_field(one.subject)
        || audit_field(one.division_id::text)
        || audit_field(one.details::text)
$$;

-- One writer at a time, from its append to its commit: so the numbers have no gap and the chain no fork.
create function chain_audit() returns trigger language plpgsql as $$
declare
    last record;
begin
    perform pg_advisory_xact_lock(hashtext('shijing_audit'));
    select seq, hash into last from audit order by seq desc limit 1;
    new.seq := coalesce(last.seq, 0) + 1;
    new.at := clock_timestamp();
    new.prev := coalesce(last.hash, sha256('shijing audit'));
    new.hash := sha256(new.prev || convert_to(audit_text(new), 'UTF8'));
    return new;
end $$;

create trigger chain before insert on audit for each row execute function chain_audit();

create trigger append_only before update or delete on audit
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on audit
    for each statement execute function refuse_rewriting();
create trigger append_only before update or delete on audit_seals
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on audit_seals
    for each statement execute function refuse_rewriting();
