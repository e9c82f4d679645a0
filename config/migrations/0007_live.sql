-- What the screens are told, in commit order, so that a broken connection can resume.

create table live_events (
    id       bigint primary key,
    kind     text not null check (kind in ('alert', 'run', 'divisions', 'clock')),
    payload  jsonb not null,
    recorded_at timestamptz not null default now()
);
create sequence live_events_id owned by live_events.id;

-- Writers queue on one lock from here to their commit, so that ids become visible in
-- order and a reader that remembers the last id misses nothing. Call it last.
create function log_live_event(kind text, payload jsonb) returns bigint
language plpgsql as $$
declare
    new_id bigint;
begin
    perform pg_advisory_xact_lock(hashtext('live_events'));
    new_id := nextval('live_events_id');
    insert into live_events (id, kind, payload) values (new_id, kind, payload);
    perform pg_notify('shijing_live', new_id::text);
    return new_id;
end $$;
