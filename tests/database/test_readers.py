"""What a statement that was injected into a page's query could do with its connection: nothing beyond the page."""

from collections.abc import Iterator

import pytest
from psycopg import errors, sql

from access.errors import ScopeRefused
from access.readers import ReaderLogin, ScopedPool
from access.scope import EVERYWHERE, NOWHERE, Scope, ScopeSeal, narrow
from config.database import Connection
from tests.database.out_seed import DISTRICT, OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import RightsCity, seed_rights_city

pytestmark = pytest.mark.storage


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def pool(database_url: str) -> Iterator[ScopedPool]:
    opened = ScopedPool(ReaderLogin(database_url), size=1)
    yield opened
    opened.close()


@pytest.fixture
def page(pool: ScopedPool, city: RightsCity) -> Iterator[Connection]:
    """As the page of one township has it."""
    with pool.connection(Scope(divisions=frozenset([city.divisions[TOWNSHIP]])), 5) as connection:
        yield connection


def one(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def sensors(connection: Connection) -> int:
    found = one(connection, "select count(*) from sensors")
    assert isinstance(found, int)
    return found


def test_there_is_no_way_back_to_the_owner(page: Connection, connection: Connection) -> None:
    owner = one(connection, "select current_user")
    assert one(page, "select session_user || ' ' || current_user") == "shijing_web shijing_web"
    for harmless in ("reset role", "set role none", "reset session authorization"):
        page.execute(harmless.encode())
        assert one(page, "select current_user") == "shijing_web"
    for statement in ("set role {}", "set session authorization {}"):
        with pytest.raises(errors.InsufficientPrivilege):
            page.execute(sql.SQL(statement).format(sql.Identifier(str(owner))))
    for setting in ("role", "session_authorization"):
        with pytest.raises(errors.InsufficientPrivilege):
            page.execute("select set_config(%s, %s, false)", (setting, owner))


@pytest.mark.parametrize("table", ["accounts", "sessions", "scope_key", "pg_authid", "readings"])
def test_a_table_without_a_grant_is_not_read(page: Connection, table: str) -> None:
    page.execute("reset role")
    schema = "pg_catalog" if table.startswith("pg_") else "public"
    with pytest.raises(errors.InsufficientPrivilege):
        page.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table)))


def test_no_statement_widens_its_scope(page: Connection, city: RightsCity) -> None:
    own = str(one(page, "select current_setting('shijing.scope')"))
    assert sensors(page) == 2
    mark, wanted = own.partition(":")[0], city.divisions[DISTRICT]
    for forged in ("all", f"{wanted}", f"{mark}:all", f"{mark}:{wanted}", f"{own},{wanted}", f"{'0' * 64}:all", ":all"):
        page.execute("select set_config('shijing.scope', %s, false)", [forged])
        assert (sensors(page), one(page, "select granted_scope()")) == (0, "")
    page.execute("select set_config('shijing.scope', %s, false)", [own])
    assert sensors(page) == 2


def test_a_seal_is_seen_by_nobody_else(page: Connection, database_url: str) -> None:
    """Readers see each other's statements, which have the same role: the scope is no part of their text."""
    other = ScopedPool(ReaderLogin(database_url), size=1)
    with other.connection(EVERYWHERE, 5) as wide:
        sealed = str(one(wide, "select current_setting('shijing.scope')"))
        seen = page.execute("select query from pg_stat_activity where usename = 'shijing_web'").fetchall()
    other.close()
    assert len(seen) >= 2
    assert not any(sealed[:64] in query for (query,) in seen)


def test_tables_of_ones_own_do_not_come_before_ours(page: Connection, city: RightsCity) -> None:
    """Where the server lets a reader make any; our own migration forbids it, which a cloned database does not know."""
    town, wide = city.divisions[TOWNSHIP], city.divisions[OTHER_TOWNSHIP]
    page.execute(
        sql.SQL(
            "create temporary table division_closure as select {} as ancestor_id, {} as descendant_id;"
            "create temporary table scope_key as select true as one, ''::bytea as inner_key, ''::bytea as outer_key;"
            "create temporary table sensor_divisions as table public.sensor_divisions;"
            "grant all on division_closure, scope_key, sensor_divisions to public;"
            "set search_path = pg_temp, scoped, public"
        ).format(sql.Literal(town), sql.Literal(wide))
    )
    assert sensors(page) == 2
    assert {row[0] for row in page.execute("select in_scope()")} >= {town}
    assert one(page, f"select {wide} in (select in_scope())") is False


def test_functions_with_the_owners_rights_look_at_temporary_tables_last(connection: Connection) -> None:
    rows = connection.execute(
        "select proname, proconfig from pg_proc join pg_namespace n on n.oid = pronamespace"
        " where nspname = 'public' and prosecdef"
        " and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')"
    ).fetchall()
    assert {"gateways_in_scope", "granted_scope", "subject_within_scope"} <= {name for name, _ in rows}
    for name, config in rows:
        paths = [setting for setting in config or [] if setting.startswith("search_path=")]
        assert len(paths) == 1 and paths[0].endswith(", pg_temp"), f"{name}: `set search_path = public, pg_temp`"


def test_a_key_of_another_database_is_told_not_shown_as_calm(
    pool: ScopedPool, connection: Connection, city: RightsCity, seal: ScopeSeal
) -> None:
    with pool.connection(EVERYWHERE, 5) as before:
        assert sensors(before) == len(city.sensors)
    connection.execute("update scope_key set inner_key = sha256(inner_key)")
    with pytest.raises(ScopeRefused), pool.connection(EVERYWHERE, 5):
        pass
    with pool.connection(EVERYWHERE, 5) as after:  # the new key was read
        assert sensors(after) == len(city.sensors)
        with pytest.raises(ScopeRefused):
            narrow(after, EVERYWHERE, seal)
    with pool.connection(NOWHERE, 5) as nothing:
        assert sensors(nothing) == 0


def test_without_the_key_nothing_is_shown(
    pool: ScopedPool, database_url: str, connection: Connection, city: RightsCity
) -> None:
    with pool.connection(EVERYWHERE, 5) as before:
        connection.execute("delete from scope_key")
        assert sensors(before) == 0
    with pytest.raises(ScopeRefused), pool.connection(EVERYWHERE, 5):
        pass
    with pytest.raises(ScopeRefused):
        ReaderLogin(database_url).url()
