-- Which partition hears a sensor. It alone judges it, its silence above all: a pipeline that does not hear a
-- sensor must not call it silent. The first to store a reading of it hears it; one that stores a reading of
-- another's sensor takes it over, with what the rules remember of it.

create table heard_by (
    sensor_id integer primary key references sensors,
    partition text not null references partitions
);
create trigger heard_by_another after update on heard_by
    for each statement execute function notify_statement('shijing_registry');

alter table rule_states add column partition text references partitions;  -- whose pipeline wrote it
