-- What the screen counts by division (screen/queries.sql), without looking through whole tables.

-- Sensors of all townships, or of all districts: some 100,000 entries of one level, and none of the table.
create index sensor_divisions_tallied on sensor_divisions (level, division_id) include (valid) where upper_inf(recorded);

-- A city has sixty grids to each township.
create index divisions_of_level on divisions (level);

-- Calls of a grid or a village.
create index assignments_of_division on assignments (division_id, called_at);
