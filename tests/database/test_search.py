"""Search by name, pinyin, code and number: what is found, in which order, and for whom."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from access.scope import Scope, ScopeSeal, as_reader, narrow
from config.database import Connection, connect
from screen.search import Found, Named, NameIndex, read_found, read_names, read_shown, read_span
from screen.spelling import syllables
from tests.database.out_seed import GRID, OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import RightsCity, seed_rights_city

AT = datetime(2020, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("渝中区", "yu zhong qu"),
        ("重庆市", "chong qing shi"),
        ("长寿区", "chang shou qu"),
        ("朝天门街道", "chao tian men jie dao"),
        ("朝阳街道", "chao yang jie dao"),
        ("曾家镇", "zeng jia zhen"),
        ("弹子石街道", "dan zi shi jie dao"),
        ("覃家岗街道", "tan jia gang jie dao"),
        ("大渡口区", "da du kou qu"),
        ("第12网格", "di 12 wang ge"),
        ("ＧＡＳ－7 井", "gas 7 jing"),
        ("绿梦社区", "lv meng she qu"),
    ],
)
def test_names_are_spelled_as_people_say_them(name: str, told: str) -> None:
    assert " ".join(syllables(name)) == told


def index() -> NameIndex:
    divisions = [
        ("city", "重庆市", "500000"), ("district", "渝中区", "500103"), ("district", "渝北区", "500112"),
        ("district", "江北区", "500105"), ("township", "渝中桥街道", "500105010"),
        ("township", "寸滩街道", "500105009"),
        ("village", "寸滩社区", "500105009001"), ("grid", "寸滩一网格", "500105009001001"),
        ("grid", "新寸滩网格", "500105009001002"), ("grid", "寸滩", "500105009001003"),
    ]  # fmt: skip
    named = [Named(kind=kind, id=i, title=title, code=code) for i, (kind, title, code) in enumerate(divisions, 1)]  # type: ignore[arg-type]
    named += [
        Named(kind="sensor", id=20, title="寸滩水位", others=("cuntan", "wz-0017"), number="20"),
        Named(kind="device", id=30, title="wz-0017a"),
        Named(kind="thing", id=40, title="寸滩小学"),
    ]
    return NameIndex(reversed(named))


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        ("渝中区", [2]),
        ("yzq", [2]),  # and the bridge begins so too: yz q(iao)…
        ("yuzhongqu", [2]),
        ("YuZhong Qu", [2]),
        ("渝中", [2, 5]),
        ("yuzhong", [2, 5]),
        ("chongqing", [1]),
        ("cq", [1]),
        # Called so (with or without the word for the kind): township, village, grid; begins so; has it within.
        ("寸滩", [6, 7, 10, 8, 20, 40, 9]),
        ("ct", [6, 7, 10, 8, 20, 40, 9]),
        ("滩一", [8]),
        ("tanyi", [8]),
        ("anyi", []),  # no syllable begins there
        ("500103", [2]),
        ("500105009", [6, 7, 10, 8, 9]),
        ("00105", []),
        ("cuntan", [6, 7, 10, 20, 8, 40, 9]),
        ("wz-0017", [20, 30]),
        ("0017", [20, 30]),
        ("20", [20]),
        ("", []),
        ("   ", []),
        ("%", []),
        ("\n", []),
        (".*", []),
        ("\x00", []),
    ],
)
def test_what_is_found_and_in_which_order(asked: str, best: list[int]) -> None:
    found = [number for _, number in index().find(asked)]
    assert found[: len(best)] == best
    if asked != "yzq":
        assert len(found) == len(best), found


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def reader(database_url: str, city: RightsCity, seal: ScopeSeal) -> Iterator[Callable[[Scope], Connection]]:
    """A connection that shows a scope."""
    with connect(database_url, "test", autocommit=True) as opened:
        as_reader(opened)

        def showing(scope: Scope) -> Connection:
            narrow(opened, scope, seal)
            return opened

        yield showing


def titles(found: list[Found]) -> list[str]:
    return [one.title for one in found]


def test_only_what_the_scope_shows_is_found(
    connection: Connection, city: RightsCity, reader: Callable[[Scope], Connection]
) -> None:
    names = read_names(connection, AT)
    own = reader(Scope(divisions=frozenset({city.divisions[TOWNSHIP]})))
    mine = names.narrowed(read_shown(own, AT))
    assert len(names) > len(mine) > 0

    def both(asked: str) -> tuple[list[str], list[str]]:
        """By the names of the scope, and by all names: the database has the last word."""
        return titles(read_found(own, mine.find(asked), AT)), titles(read_found(own, names.find(asked), AT))

    assert both("寸滩") == (["寸滩街道", "寸滩"],) * 2
    assert both("第一网格") == (["第一网格"],) * 2
    assert both("江北区") == (["江北区"],) * 2  # what it lies in
    assert both("gate") == (["gate"],) * 2  # a gateway with a sensor of the scope behind it
    for foreign in ("磁器口", "ciqikou", "cqk", "500106004", "沙坪坝区", "gas-b", "rain-b", "gate-b", "adrift"):
        assert both(foreign) == ([], []), foreign
    assert both(str(city.sensors["gas-b"]))[1] == []
    nowhere = reader(Scope())
    assert read_found(nowhere, names.find("寸滩"), AT) == []
    everywhere = reader(Scope(everywhere=True))
    assert titles(read_found(everywhere, names.find("ciqikou"), AT)) == ["磁器口街道", "磁器口网格"]


def test_what_was_found_tells_where_it_lies(
    connection: Connection, city: RightsCity, reader: Callable[[Scope], Connection]
) -> None:
    names, everywhere = read_names(connection, AT), reader(Scope(everywhere=True))
    grid, gateway = (read_found(everywhere, names.find(asked), AT)[0] for asked in (GRID, "gate-b"))
    assert (grid.note, grid.within) == ("江北区 寸滩街道", city.divisions[GRID])
    assert (gateway.kind, gateway.within, gateway.lon) == ("device", city.divisions[OTHER_TOWNSHIP], 106.6)
    assert gateway.sensor in city.sensors.values()
    assert grid.sensor is None


def test_names_are_those_of_the_instant(connection: Connection, city: RightsCity) -> None:
    connection.execute(
        "update division_versions set valid = tstzrange(null, '2020-01-01') where division_id = %s",
        (city.divisions[GRID],),
    )
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, source, valid)"
        " select division_id, parent_id, code, '改名网格', 'test', tstzrange('2020-01-01', null)"
        " from division_versions where division_id = %s",
        (city.divisions[GRID],),
    )
    names = read_names(connection, AT)
    assert names.find("gmwg") == [("grid", city.divisions[GRID])] and names.find("第一网格") == []
    assert read_span(connection, AT) == (datetime(2020, 1, 1, tzinfo=UTC), None)
