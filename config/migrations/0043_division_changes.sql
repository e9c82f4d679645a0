-- A number that every change of divisions or boundaries moves on, in the same transaction: whoever keeps something that
-- was made of them (vector tiles, the features of a level) asks for one row to know whether it still holds.

create table division_changes (
    one    boolean primary key default true check (one),
    number bigint not null default 0
);
insert into division_changes default values;

-- Writers of divisions come one after the other (geo.divisions.lock_divisions), so no two wait for each other here.
create function count_division_change() returns trigger language plpgsql as $$
begin
    update division_changes set number = number + 1;
    return null;
end $$;
create trigger division_versions_counted after insert or update or delete or truncate on division_versions
    for each statement execute function count_division_change();
create trigger boundary_versions_counted after insert or update or delete or truncate on boundary_versions
    for each statement execute function count_division_change();

grant select on division_changes to shijing_web;
