-- Who may sign in to the MQTT broker, and as what. Of a password only Mosquitto's own hash is kept;
-- `shijing gateway write` makes the broker's password file and access list of these rows and the registry.
create table broker_accounts (
    name        text primary key
                    check (name ~ '^[^/+#:$\s][^/+#:\s]{0,63}$'),   -- one topic level, one field of a password file
    role        text not null check (role in
                    ('gateway', 'pipeline', 'warnings', 'warning-source', 'alerts-out', 'watch', 'replay')),
    hash        text not null check (hash like '$7$%'),             -- PBKDF2-SHA512, salted
    note        text not null default '',
    created_at  timestamptz not null default now(),
    rotated_at  timestamptz not null default now(),                 -- since when the password holds
    locked_at   timestamptz,                                        -- null: it may sign in
    lock_reason text not null default '',
    -- These stand in the device's place of topics that are ours, and before our own client ids.
    check (name <> 'alert' and name not like 'shijing-%')
);
