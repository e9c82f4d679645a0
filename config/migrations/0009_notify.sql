-- Wake whoever keeps the registry or the boundaries in memory, whatever wrote to them;
-- and the pipeline, when a person asks for a quarantined reading to be put through again.

create function notify_statement() returns trigger language plpgsql as $$
begin
    perform pg_notify(tg_argv[0], '');
    return null;
end $$;

create trigger sensors_changed after insert or update or delete on sensors
    for each statement execute function notify_statement('shijing_registry');
create trigger devices_changed after insert or update or delete on devices
    for each statement execute function notify_statement('shijing_registry');
create trigger sensor_divisions_changed after insert or update or delete on sensor_divisions
    for each statement execute function notify_statement('shijing_registry');
create trigger quarantine_requested after update of state on quarantine
    for each row when (new.state = 'requested') execute function notify_statement('shijing_quarantine');
