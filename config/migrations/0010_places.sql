-- A place that changes wakes whoever keeps the registry in memory, even where no division changes with it
-- (a retirement ends what is accepted of a sensor); and a retired sensor stands nowhere.

create trigger sensor_places_changed after insert or update or delete on sensor_places
    for each statement execute function notify_statement('shijing_registry');

alter table sensor_places add constraint sensor_places_retired check (reason <> 'retired' or lon is null);
