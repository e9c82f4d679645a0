-- Every gateway is a device of its own, also where it measures nothing: its silence is one alert.
insert into devices (name)
select distinct gateway from devices where gateway <> ''
on conflict (name) do nothing;
