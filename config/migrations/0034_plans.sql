-- The library of plans; runs that are confirmed, answered, ended and reviewed; who was called for which task,
-- by which channel, and what they answered.

-- Whose a plan is: a township's own, a district's, or (null) the city's, and then of every township in it.
create table plans (
    id          integer generated always as identity primary key,
    code        text not null check (code ~ '^\S{1,60}$'),     -- what people call it: FLD-02
    division_id integer references divisions,
    unique nulls not distinct (code, division_id)
);
create index on plans (division_id);

-- What it says, in the form of docs/plans.md; one that inherits has only what differs from its template's. Nothing
-- that was published is changed: it is withdrawn, or another version takes its place.
create table plan_versions (
    id          bigint generated always as identity primary key,
    plan_id     integer not null references plans,
    number      integer not null check (number > 0),
    template_id integer references plans check (template_id <> plan_id),
    body        jsonb not null,
    state       text not null check (state in ('draft', 'published', 'withdrawn')),
    valid       tstzrange check (not isempty(valid)),           -- null: a draft
    revise_by   date,                                           -- by law within three years
    note        text not null default '',
    author      uuid,                                           -- null: by command
    recorded_at timestamptz not null default now(),
    unique (plan_id, number),
    check ((state = 'draft') = (valid is null)),
    exclude using gist (plan_id with =, valid with &&) where (state = 'published')
);
create index on plan_versions (plan_id) where state = 'published';
create index on plan_versions (template_id);
create trigger plans_changed after insert or update or delete on plan_versions
    for each statement execute function notify_statement('shijing_plans');

-- Runs. What the plan said at the start is kept with the run: a later version changes nothing of it.
alter table plan_runs
    drop constraint plan_runs_state_check,
    add check (state in ('proposed', 'open', 'declined', 'terminated', 'reviewed')),
    add plan          jsonb,                  -- null: a run of before there was a library
    add version_id    bigint references plan_versions,
    add name          text not null default '',
    add drill         boolean not null default false,  -- a drill by hand; where all is an exercise, that, too
    add started_by    uuid,                   -- null: by an alert
    add reason        text not null default '',        -- of one that was started by hand
    add confirm_by    timestamptz,            -- until when somebody says whether it starts; null: nobody has to
    add confirmed_at  timestamptz,
    add review_due_at timestamptz,
    add reviewed_at   timestamptz,
    add check (state <> 'proposed' or confirm_by is not null),
    add check (not drill or exercise);
drop index one_open_run;
create unique index one_open_run on plan_runs (plan_id, township_id, exercise) where state in ('proposed', 'open');
create index plan_runs_open on plan_runs (township_id) where state in ('proposed', 'open');
create index on plan_runs (started_at);

-- A drill by hand may be held where the rest is real: it carries the mark, and so does all that it causes.
drop trigger carries_mark on plan_runs;
create function carry_run_mark() returns trigger language plpgsql as $$
begin
    if is_exercise() then
        new.exercise := true;
    elsif new.exercise and not new.drill and exists (select from instance) then
        raise exception 'this database is no exercise: a run of one is a drill that somebody starts'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger carries_mark before insert or update of exercise, drill on plan_runs
    for each row execute function carry_run_mark();

-- The grids that a run is about: those of its alerts, or those that somebody named.
create table run_grids (
    run_id    bigint not null references plan_runs,
    grid_id   integer not null references divisions,
    joined_at timestamptz not null,
    primary key (run_id, grid_id)
);

-- What people do with a run, and what the system does by itself because nobody did.
create table run_acts (
    id          bigint generated always as identity primary key,
    run_id      bigint not null references plan_runs,
    time        timestamptz not null,          -- by the clock that the run goes by
    kind        text not null check (kind in (
                    'confirmed', 'confirmed_unasked', 'declined', 'raised', 'lowered', 'condition_met',
                    'condition_unmet', 'signed', 'task_added', 'task_started', 'task_skipped', 'task_stood_down',
                    'task_repeated', 'task_done', 'reassigned', 'overdue', 'unanswered', 'terminated', 'reviewed',
                    'noted')),
    task_id     bigint references tasks,
    actor       uuid,                          -- null: the system
    reason      text not null default '',
    detail      jsonb not null default '{}',   -- opaque ids and plain facts
    recorded_at timestamptz not null default now()
);
create index on run_acts (run_id, id);
create trigger append_only before update or delete on run_acts
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on run_acts
    for each statement execute function refuse_rewriting();

-- Conditions for raising and for ending a run: measured by the system, ticked or signed by a named person.
create table run_conditions (
    run_id   bigint not null references plan_runs,
    purpose  text not null check (purpose in ('upgrade', 'terminate')),
    number   integer not null,                 -- in the plan's list, from 0
    met_at   timestamptz not null,
    met_by   uuid,                             -- null: measured
    primary key (run_id, purpose, number)
);

alter table tasks
    drop constraint tasks_state_check,
    add check (state in ('waiting', 'sent', 'delivered', 'read', 'acknowledged', 'on_site', 'done', 'skipped',
                         'stood_down')),
    add post_id    text,                       -- of config/posts.toml; null: an outside party
    add limit_min  integer,                    -- minutes from its start; null: it only repeats
    add limit_red_min integer,                 -- instead, where the run is red
    add from_level text check (from_level in ('blue', 'yellow', 'orange', 'red')),
    add evidence   text,
    add results    text[] not null default '{}',
    add added_by   uuid,                       -- of one that is not the plan's
    add started_at timestamptz,                -- when its turn came; null: not yet
    add ended_at   timestamptz;
create index tasks_open on tasks (run_id) where state not in ('done', 'skipped', 'stood_down');

-- A task in one place, for one round: what one person answers for.
create table assignments (
    id              bigint generated always as identity primary key,
    task_id         bigint not null references tasks,
    run_id          bigint not null references plan_runs,
    division_id     integer not null references divisions,  -- grid, village or township, as the post is held
    round           integer not null default 1 check (round > 0),
    state           text not null check (state in ('waiting', 'called', 'delivered', 'read', 'acknowledged', 'on_site',
                                                   'done', 'skipped', 'stood_down')),
    person_id       uuid references people,    -- who answered for it; null: nobody yet
    due_at          timestamptz not null,
    called_at       timestamptz,
    acknowledged_at timestamptz,
    on_site_at      timestamptz,
    done_at         timestamptz,
    ended_at        timestamptz,
    result          text,                      -- one of the task's choices
    rung            integer not null default 0,     -- of the ladder: how many were taken
    next_at         timestamptz,               -- when the next is due; null: answered, or no rung is left
    overdue_at      timestamptz,               -- when it was found to be late
    unique (task_id, division_id, round)
);
create index on assignments (run_id);
create index assignments_due on assignments (next_at) where next_at is not null;
create index assignments_late on assignments (due_at) where ended_at is null and overdue_at is null;
create index assignments_of_person on assignments (person_id) where ended_at is null;

-- Who was called for it, and why that one. Without a person: a loudspeaker.
create table calls (
    id            bigint generated always as identity primary key,
    assignment_id bigint not null references assignments,
    person_id     uuid references people,
    part          text not null check (part in ('post', 'backup', 'command', 'reassigned', 'everybody')),
    called_at     timestamptz not null,
    ended_at      timestamptz,                 -- taken back: reassigned, or another one did it
    unique nulls not distinct (assignment_id, person_id)
);
create index calls_of_person on calls (person_id) where ended_at is null;

create table deliveries (
    id           bigint generated always as identity primary key,
    call_id      bigint not null references calls,
    channel      text not null,
    rung         integer not null,
    attempt      integer not null default 1 check (attempt > 0),
    key          uuid not null unique default gen_random_uuid(),  -- what is sent again is sent under the same one
    state        text not null check (state in ('due', 'sending', 'sent', 'delivered', 'read', 'failed', 'skipped')),
    repeated     integer not null default 0,   -- how often it was sent again, being cut off before its commit
    digest       uuid,                         -- sent together with others
    due_at       timestamptz not null,
    sent_at      timestamptz,
    delivered_at timestamptz,
    read_at      timestamptz,
    detail       text not null default '',     -- of a failure, or why it was passed over
    unique (call_id, channel, attempt)
);
create index deliveries_open on deliveries (id) where state in ('due', 'sending');

-- The key is made where the tap was: sent twice, it is the same answer.
create table answers (
    key           uuid primary key,
    assignment_id bigint not null references assignments,
    person_id     uuid references people,      -- null: given for somebody at the desk
    actor         uuid not null,               -- the account
    kind          text not null check (kind in ('acknowledged', 'on_site', 'done', 'cannot')),
    tapped_at     timestamptz not null,        -- by the phone's clock, not after its arrival
    received_at   timestamptz not null,        -- by the clock that the run goes by
    result        text,
    counted       boolean not null             -- false: it came when the task was over, or after a later step
);
create index on answers (assignment_id);
create trigger append_only before update or delete on answers
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on answers
    for each statement execute function refuse_rewriting();

-- What people add of their own: it can be erased, and the books still stand.
create table attachments (
    id          uuid primary key,              -- made where it was taken
    run_id      bigint references plan_runs,
    answer_key  uuid references answers,
    kind        text not null check (kind in ('note', 'photo', 'voice')),
    media_type  text not null,
    content     bytea not null,                -- sealed (access/vault.py)
    actor       uuid not null,
    recorded_at timestamptz not null default now()
);
create index on attachments (run_id);

-- Whose phone answers for whom, and which phones are listening now.
alter table accounts add person_id uuid references people;
create unique index account_of_person on accounts (person_id) where person_id is not null;
create table phones (
    id           uuid primary key,             -- of one connection
    person_id    uuid not null references people,
    connected_at timestamptz not null default now(),
    seen_at      timestamptz not null default now()
);
create index on phones (person_id);

alter table live_events
    drop constraint live_events_kind_check,
    add check (kind in ('alert', 'run', 'incident', 'warning', 'rules', 'ledger', 'divisions', 'clock', 'task'));

-- What the pages may read, in the scope of whoever asks. A plan of the city or the district concerns all below.
grant select on plans, plan_versions, run_grids, run_acts, run_conditions, assignments, calls, deliveries, answers
    to shijing_web;
alter table plans enable row level security;
create policy scope on plans for select to shijing_web
    using ((select sees_all()) or division_id is null or division_id in (select around_scope()));
alter table plan_versions enable row level security;
create policy scope on plan_versions for select to shijing_web
    using ((select sees_all()) or exists (select from plans where plans.id = plan_id));
alter table run_grids enable row level security;
create policy scope on run_grids for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));
alter table run_acts enable row level security;
create policy scope on run_acts for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));
alter table run_conditions enable row level security;
create policy scope on run_conditions for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));
alter table assignments enable row level security;
create policy scope on assignments for select to shijing_web
    using ((select sees_all()) or exists (select from plan_runs where plan_runs.id = run_id));
alter table calls enable row level security;
create policy scope on calls for select to shijing_web
    using ((select sees_all()) or exists (select from assignments where assignments.id = assignment_id));
alter table deliveries enable row level security;
create policy scope on deliveries for select to shijing_web
    using ((select sees_all()) or exists (select from calls where calls.id = call_id));
alter table answers enable row level security;
create policy scope on answers for select to shijing_web
    using ((select sees_all()) or exists (select from assignments where assignments.id = assignment_id));
