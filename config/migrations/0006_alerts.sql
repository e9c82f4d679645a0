-- Rule state, alerts, their transitions; plan runs and tasks. All of it is written
-- in the transaction that stores the readings which caused it.

-- Only subjects whose latches are not at rest have a row.
create table rule_states (
    rule_id    text not null,
    sensor_id  integer not null references sensors,
    state      jsonb not null,
    primary key (rule_id, sensor_id)
);

create table alerts (
    id          bigint generated always as identity primary key,
    rule_id     text not null,
    sensor_id   integer not null references sensors,
    township_id integer references divisions,  -- where the subject was at opened_at; null: unlocated
    grid_id     integer references divisions,
    level       text not null check (level in ('blue', 'yellow', 'orange', 'red')),
    peak        text not null check (peak in ('blue', 'yellow', 'orange', 'red')),
    state       text not null check (state in ('open', 'acknowledged', 'in_hand', 'resolved', 'closed')),
    value       double precision not null,     -- the reading that made the last transition
    exercise    boolean not null default false,
    opened_at   timestamptz not null,          -- event time
    changed_at  timestamptz not null,          -- event time
    resolved_at timestamptz,                   -- event time
    recorded_at timestamptz not null default now()
);
create unique index one_open_alert on alerts (rule_id, sensor_id)
    where state in ('open', 'acknowledged', 'in_hand');
create index on alerts (opened_at);

create table alert_transitions (
    id          bigint generated always as identity primary key,
    alert_id    bigint not null references alerts,
    time        timestamptz not null,          -- of the reading that caused it
    from_level  text not null check (from_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    to_level    text not null check (to_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    reason      text not null,
    value       double precision,
    actor       uuid,                          -- opaque; null: the engine
    late        boolean not null default false, -- found late, by the pipeline's clock
    recorded_at timestamptz not null default now(),
    unique (alert_id, time, from_level, to_level)
);
create index on alert_transitions (time);

create table plan_runs (
    id          bigint generated always as identity primary key,
    plan_id     text not null,
    township_id integer not null references divisions,
    level       text not null check (level in ('blue', 'yellow', 'orange', 'red')),
    state       text not null check (state in ('open', 'terminated', 'reviewed')),
    exercise    boolean not null default false,
    started_at  timestamptz not null,          -- event time of the transition that started it
    ended_at    timestamptz,
    recorded_at timestamptz not null default now()
);
create unique index one_open_run on plan_runs (plan_id, township_id) where state = 'open';

create table run_alerts (
    run_id      bigint not null references plan_runs,
    alert_id    bigint not null references alerts,
    joined_at   timestamptz not null,
    primary key (run_id, alert_id)
);

create table run_transitions (
    id          bigint generated always as identity primary key,
    run_id      bigint not null references plan_runs,
    time        timestamptz not null,
    from_level  text not null check (from_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    to_level    text not null check (to_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    reason      text not null,
    actor       uuid,
    recorded_at timestamptz not null default now()
);

create table tasks (
    id          bigint generated always as identity primary key,
    run_id      bigint not null references plan_runs,
    task_key    text not null,                 -- T1 … of the plan
    post        text not null,
    backup      text,
    what        text not null,
    after       text[] not null default '{}',  -- keys of tasks that come first
    due_at      timestamptz,
    repeat_min  integer,
    state       text not null default 'waiting' check (state in
                    ('waiting', 'sent', 'delivered', 'read', 'acknowledged', 'on_site', 'done', 'skipped')),
    unique (run_id, task_key)
);
