-- How the pipeline of each partition is: when it was last at work, and whether its broker is there.
-- And what upkeep needs to find old quarantine without reading all of it; neither column changes with a repeat.

alter table partitions
    add seen_at    timestamptz,                -- its last heartbeat, by the database's clock
    add cut_off_at timestamptz;                -- since when its session with the broker is down; null: it is up

create index on quarantine (first_seen) where state = 'held';
create index on quarantine (released_at) where state = 'released';
