-- What the channels of calls keep: which browsers take web push for whom, how often each channel sent, and which is shut.

-- Sealed (access/vault.py): who has an address and its keys may send there, and the address says whose phone it is.
create table push_subscriptions (
    id             uuid primary key default gen_random_uuid(),
    person_id      uuid not null references people,
    endpoint       bytea not null,
    endpoint_blind bytea not null unique,
    keys           bytea not null,             -- JSON: p256dh, auth
    made_at        timestamptz not null default now()
);
create index on push_subscriptions (person_id);

-- Whoever is forgotten is not called any more.
create function forget_subscriptions() returns trigger language plpgsql as $$
begin
    delete from push_subscriptions where person_id = old.person_id;
    return null;
end $$;
create trigger forget_subscriptions after delete on people_private
    for each row execute function forget_subscriptions();

-- Messages by the machine's clock, whatever clock a run goes by: so a rate holds across restarts and processes.
create table channel_messages (
    id      bigint generated always as identity primary key,
    channel text not null,
    at      timestamptz not null default clock_timestamp()
);
create index on channel_messages (channel, at);

-- Whoever sends by a channel with a rate queues on its row.
create table channel_gates (
    channel    text primary key,
    shut_until timestamptz,                    -- it asked to be left alone for a while
    why        text not null default ''
);

-- A message that is put off or tried again still belongs to the call that it was first due for: who answered since
-- then needs it no more.
alter table deliveries
    add first_due_at timestamptz,              -- null: its own due_at
    add tries_before integer not null default 0 check (tries_before >= 0);

create index deliveries_of_digest on deliveries (digest) where digest is not null;

-- The broker knows who calls, and lets an app and a loudspeaker hear what is meant for them.
alter table broker_accounts
    drop constraint broker_accounts_role_check,
    add check (role in ('gateway', 'pipeline', 'warnings', 'warning-source', 'alerts-out', 'watch', 'replay',
                        'dispatcher', 'worker-app', 'loudspeaker'));
