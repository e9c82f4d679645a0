-- The same scope (0021), looked up faster. The divisions of the scope are gathered once for a statement, as an array,
-- and not once for each row that is looked at; few sensors are found one by one, many by the divisions that they lie in.
-- (Measured with `shijing bench scope`.)
drop policy scope on sensors;
create policy scope on sensors for select to shijing_web using ((select sees_all()) or exists (
        select from sensor_divisions place
        where place.sensor_id = sensors.id and upper_inf(place.recorded) and place.valid @> now()
          and place.division_id = any(array(select in_scope()))));
drop policy scope on sensor_places;
create policy scope on sensor_places for select to shijing_web using ((select sees_all()) or exists (
        select from sensor_divisions place
        where place.sensor_id = sensor_places.sensor_id and upper_inf(place.recorded) and place.valid @> now()
          and place.division_id = any(array(select in_scope()))));
create or replace view scoped.readings with (security_barrier) as
select * from public.readings where (select sees_all()) or exists (
    select from sensor_divisions place
    where place.sensor_id = readings.sensor_id and upper_inf(place.recorded) and place.valid @> now()
      and place.division_id = any(array(select in_scope())));

-- What is known now, by its number: the indexes that keep versions apart are slow to ask for one.
create index sensor_places_now on sensor_places (sensor_id) where upper_inf(recorded);
create index division_versions_of on division_versions (division_id);
create index boundary_versions_of on boundary_versions (division_id);
