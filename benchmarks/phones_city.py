"""A city for the measurement of phones: a grid worker for each grid, signed in, and a gauge in each grid."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from access.credentials import fingerprint, new_secret
from config.database import Connection

GRIDS_OF_TOWNSHIP = 50

_DIVISIONS = """
insert into divisions (level)
select 'city' union all select 'district' union all select 'township' from generate_series(1, %(townships)s)
union all select 'grid' from generate_series(1, %(phones)s)
"""
_NAMES = """
insert into division_versions (division_id, parent_id, code, name, source, lon, lat)
select id, case level when 'district' then 1 when 'township' then 2
                when 'grid' then 3 + (id - 3 - %(townships)s) / %(of_township)s end,
       case level when 'city' then '500000' when 'district' then '500001'
            when 'township' then '500001' || lpad(id::text, 3, '0') else '5' || lpad(id::text, 14, '0') end,
       level || ' ' || id, 'bench', 106.5, 29.5
from divisions
"""
_DEVICES = "insert into devices (name) select 'gauge-' || id from divisions where level = 'grid' order by id"
_SENSORS = "insert into sensors (name, device_id, quantity, unit) select name, id, 'stage', 'm' from devices"
_LIE = """
insert into sensor_divisions (sensor_id, level, division_id, valid)
select sensors.id, lies.level, lies.division, '(,)'
from sensors join devices on devices.id = sensors.device_id
join division_versions grid on grid.division_id = substring(devices.name from 7)::integer
cross join lateral (values ('grid', grid.division_id), ('township', grid.parent_id)) lies (level, division)
"""
_ORGANISATION = "insert into organisations (kind, code) values ('township', 'bench') returning id"
_PEOPLE = """
insert into people (organisation_id, staff_number)
select %(organisation)s, id::text from divisions where level = 'grid' order by id
returning id, staff_number::integer
"""
_HOLDINGS = """
insert into post_holdings (person_id, post, division_id, valid)
select id, 'grid_worker', staff_number::integer, tstzrange('2020-01-01', null) from people
"""
_ACCOUNTS = """
with made as (insert into actors (name, kind) select 'worker-' || staff_number, 'person' from people
              returning id, name)
insert into accounts (id, name, kind, person_id)
select made.id, made.name, 'person', people.id from made join people on made.name = 'worker-' || people.staff_number
"""
_ROLES = """
insert into account_roles (account_id, role, division_id, valid)
select accounts.id, 'grid_worker', people.staff_number::integer, tstzrange('2020-01-01', null)
from accounts join people on people.id = accounts.person_id
"""
_SESSION = """
insert into sessions (token_hash, account_id, created_at, seen_at, expires_at, idle_s, way)
values (%s, %s, %s, %s, %s, 86400, 'link')
"""


def furnish(connection: Connection, phones: int) -> list[str]:
    """All of it, on a migrated database; the secrets of the sessions."""
    sizes = {"phones": phones, "townships": -(-phones // GRIDS_OF_TOWNSHIP), "of_township": GRIDS_OF_TOWNSHIP}
    for statement in (_DIVISIONS, _NAMES, _DEVICES, _SENSORS, _LIE):
        connection.execute(statement, sizes)
    row = connection.execute(_ORGANISATION).fetchone()
    assert row is not None
    connection.execute(_PEOPLE, {"organisation": row[0]})
    for statement in (_HOLDINGS, _ACCOUNTS, _ROLES):
        connection.execute(statement)
    accounts: list[UUID] = [row[0] for row in connection.execute("select id from accounts order by name")]
    secrets = [new_secret() for _ in accounts]
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.executemany(
            _SESSION,
            [
                (fingerprint(secret), account, now, now, now + timedelta(days=1))
                for secret, account in zip(secrets, accounts, strict=True)
            ],
        )
    connection.execute("analyze")
    return secrets


def subjects(connection: Connection) -> list[int]:
    """The gauges."""
    return [row[0] for row in connection.execute("select id from sensors order by id")]
