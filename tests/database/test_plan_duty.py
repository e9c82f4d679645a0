"""Who is on duty for a plan's posts, asked of the rosters of its township, place by place."""

from pathlib import Path

import pytest

from alerts.plan_lint import lint
from alerts.plan_surroundings import OnDuty, with_duty
from config.database import Connection
from people.holdings import hold_post
from tests.database.people_seed import GRID, LONG_AGO, NOW, OTHER_VILLAGE, TOWNSHIP, Town, town
from tests.database.plan_seed import AROUND, BODY


@pytest.fixture
def there(connection: Connection, tmp_path: Path) -> Town:
    return town(connection, tmp_path)


def hold(connection: Connection, there: Town, name: str, post: str, code: str) -> None:
    person = there.person(connection, name)
    hold_post(connection, person, post, there.divisions[code], since=LONG_AGO, until=None)


def test_places_without_anybody_are_counted(connection: Connection, there: Town) -> None:
    body = {**BODY, "id": "P"}
    township = there.divisions[TOWNSHIP]
    around = with_duty(connection, AROUND, body, township, NOW)
    assert around.duty == {
        "commander": OnDuty(places=1, manned=0, level="township"),
        "deputy_a": OnDuty(places=1, manned=0, level="township"),
        "duty_officer": OnDuty(places=1, manned=0, level="township"),
        "grid_worker": OnDuty(places=2, manned=0, level="grid"),
        "grid_leader": OnDuty(places=2, manned=0, level="village"),
    }
    hold(connection, there, "张三", "grid_worker", GRID)
    hold(connection, there, "李四", "duty_officer", TOWNSHIP)
    hold(connection, there, "王五", "grid_leader", OTHER_VILLAGE)
    around = with_duty(connection, AROUND, body, township, NOW)
    told = {one.where: one.zh for one in lint(body, around)}
    assert told == {
        "tasks.T2.post": "“网格员”现在无人在岗：2 个网格中的 1 个",
        "command.commander": "“指挥长”现在无人在岗",
        "command.a": "“A岗”现在无人在岗",
    }
    hold(connection, there, "赵六", "grid_worker", TOWNSHIP)  # for all its grids
    around = with_duty(connection, AROUND, body, township, NOW)
    assert around.duty["grid_worker"].manned == 2


def test_what_is_no_plan_yet_asks_after_nobody(connection: Connection, there: Town) -> None:
    assert with_duty(connection, AROUND, {"tasks": []}, there.divisions[TOWNSHIP], NOW) is AROUND
