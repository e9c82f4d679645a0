"""Generated networks in the database: made once, going on after a stop, seen by scope, and taken over into a draft."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import shapely

from access.accounts import add_account
from access.scope import Scope, as_reader, narrow, read_seal
from boundaries.adoption import Adopting, ProposalUnknown, adopt, proposal_of, proposals_under
from boundaries.desk import Desk
from boundaries.drafts import discard, load_draft
from boundaries.errors import DraftRefused
from config.database import Connection, connect
from config.generation_settings import GenerationSettings
from geo import divisions
from geo.generate_report import GenerationReport
from geo.generate_run import NothingToGenerate, Wanted, Watch, run
from geo.point_file import read_points
from geo.proposals import proposed_grids, waiting
from tests.database.districts_seed import seed_districts

NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)
YUZHONG, BEIBEI = "渝中区", "北碚区"
SETTINGS = GenerationSettings()

Ask = Callable[..., GenerationReport]


@pytest.fixture
def ask(connection: Connection) -> Ask:
    """A run over two districts of the default divisions."""
    seed_districts(connection, "500103", "500109")

    def work(watch: Watch | None = None, settings: GenerationSettings = SETTINGS, **asked: object) -> GenerationReport:
        wanted = replace(Wanted(processes=1), **asked)  # type: ignore[arg-type]
        return run(connection, wanted, settings, now=NOW, watch=watch or Watch())

    return work


def rows(connection: Connection) -> list[tuple[object, ...]]:
    """All that is proposed, to the byte."""
    return connection.execute(
        "select p.township_id, p.seed, p.grids, g.number, g.code, g.name, g.households, g.geometry"
        " from boundary_proposals p join boundary_proposed_grids g on g.proposal_id = p.id order by 1, 4"
    ).fetchall()


def township_id(connection: Connection, name: str) -> int:
    row = connection.execute("select division_id from division_versions where name = %s", (name,)).fetchone()
    assert row is not None
    return int(row[0])


def test_the_households_of_a_district_are_shared_out_and_nothing_is_in_force(ask: Ask, connection: Connection) -> None:
    report = ask(district=YUZHONG)
    assert (len(report.made), report.townships, report.refused) == (11, 11, {})
    assert report.figures()["households"] == pytest.approx(213_950, abs=6)  # the census's
    assert report.figures()["not_contiguous"] == 0
    assert report.figures()["within_bounds"] > 0.9
    assert report.figures()["border_along_lines"] > 0.3
    assert len(waiting(connection, NOW)) == 11
    assert divisions.all_of(connection, "grid", NOW) == []


def test_each_township_is_tiled_and_what_it_shares_with_others_is_as_it_was(ask: Ask, connection: Connection) -> None:
    ask(district=BEIBEI)
    outlines = {one.division_id: one.geometry for one in divisions.boundaries(connection, "township", NOW)}
    for proposal in waiting(connection, NOW):
        grids = shapely.from_wkb([grid.geometry for grid in proposed_grids(connection, proposal.id)])
        assert shapely.coverage_is_valid(grids) and shapely.is_valid(grids).all()
        outline = outlines[proposal.township_id]
        kept = {tuple(at) for at in shapely.get_coordinates(grids).tolist()}
        assert {tuple(at) for at in np.round(shapely.get_coordinates(outline), 9).tolist()} <= kept
        off = shapely.symmetric_difference(shapely.coverage_union_all(grids), outline)
        assert off.area * 111_195.0**2 < 5


def test_the_same_is_not_made_again_and_another_seed_takes_its_place(ask: Ask, connection: Connection) -> None:
    ask(district=YUZHONG)
    before = rows(connection)
    again = ask(district=YUZHONG)
    assert (len(again.made), again.there) == (0, 11) and rows(connection) == before
    other = ask(district=YUZHONG, seed=2)
    assert len(other.made) == 11 and len(waiting(connection, NOW)) == 11
    assert rows(connection) != before
    ask(district=YUZHONG, seed=1)
    assert rows(connection) == before


def test_the_number_of_processes_changes_no_byte(ask: Ask, connection: Connection) -> None:
    ask(district=YUZHONG, processes=2)
    before = rows(connection)
    connection.execute("delete from boundary_proposals")
    ask(district=YUZHONG, processes=1)
    assert rows(connection) == before


def test_a_run_that_was_stopped_goes_on_where_it_was(ask: Ask, connection: Connection) -> None:
    done: list[str] = []
    watch = Watch(made=lambda name, _: done.append(name), stopped=lambda: len(done) >= 3)
    first = ask(watch, district=YUZHONG)
    assert first.stopped and len(first.made) == len(waiting(connection, NOW)) == 3
    second = ask(district=YUZHONG)
    assert (len(second.made), second.there, second.stopped) == (8, 3, False)


def test_points_of_a_file_say_where_people_live(ask: Ask, connection: Connection, tmp_path: Path) -> None:
    file = tmp_path / "homes.csv"
    rng = np.random.default_rng(1)
    at = rng.normal((106.57, 29.555), 0.004, (3000, 2))
    text = "".join(f"{lon:.7f},{lat:.7f},{rng.integers(1, 20)}\n" for lon, lat in at)
    file.write_text("经度,纬度,户数\n" + text, encoding="utf-8")
    report = ask(district=YUZHONG, points=read_points(file))
    assert report.points_outside < 3000
    by_name = {one.township: one.quality for one in report.made}
    assert by_name["渝中区 解放碑街道"].grids > 4
    assert report.figures()["within_bounds"] > 0.8
    assert "渝中区 石油路街道" in by_name  # no point lies there: by area, with the census's households


def test_townships_are_named_by_code_or_name_and_with_their_district_where_several_are(
    ask: Ask, connection: Connection
) -> None:
    assert [one.township for one in ask(township="解放碑街道").made] == ["渝中区 解放碑街道"]
    assert ask(township="500103003").there == 1
    for asked in ({"township": "无此镇"}, {"district": "无此区"}, {"township": "上清寺街道", "district": BEIBEI}):
        with pytest.raises(NothingToGenerate, match="no "):
            ask(**asked)
    connection.execute("update division_versions set name = '解放碑街道' where name = '天生街道'")
    with pytest.raises(NothingToGenerate, match="are several"):
        ask(township="解放碑街道")
    assert ask(township="解放碑街道", district=YUZHONG).there == 1


def test_a_district_whose_households_nobody_knows_is_refused_with_what_to_do(ask: Ask, connection: Connection) -> None:
    connection.execute("update division_versions set households = null where code = '500103'")
    report = ask(district=YUZHONG)
    assert report.made == () and len(report.refused) == 11
    assert all("--points" in why for why in report.refused.values())


def test_a_page_sees_what_lies_in_its_scope(ask: Ask, connection: Connection, database_url: str) -> None:
    ask(district=YUZHONG)
    ask(district=BEIBEI)
    mine = township_id(connection, "解放碑街道")
    seal = read_seal(connection)
    with connect(database_url, "test", autocommit=True) as asking:
        as_reader(asking)
        assert waiting(asking, NOW) == []
        narrow(asking, Scope(divisions=frozenset({mine})), seal)
        (seen,) = waiting(asking, NOW)
        assert seen.township_id == mine and len(proposed_grids(asking, seen.id)) == seen.grids
        (foreign,) = [one for one in waiting(connection, NOW) if one.township == "上清寺街道"]
        assert proposed_grids(asking, foreign.id) == []
        with pytest.raises(ProposalUnknown):
            proposal_of(asking, foreign.township_id, NOW)


@pytest.fixture
def planner(connection: Connection) -> UUID:
    return add_account(connection, "planner")


def test_adopting_opens_a_draft_that_holds_the_network_without_a_fault(
    ask: Ask, connection: Connection, planner: UUID
) -> None:
    ask(township="解放碑街道")
    mine = township_id(connection, "解放碑街道")
    proposal = proposal_of(connection, mine, NOW)
    desk = Desk()
    asked = Adopting(root_id=mine, remove_existing=False)
    draft = adopt(connection, [proposal], asked, actor=planner, now=NOW, desk=desk)
    kept = load_draft(connection, draft.id)
    assert (kept.root_id, kept.level, kept.cursor, kept.opened_by) == (mine, "grid", 1, planner)
    held = desk.checked(connection, kept)
    assert len(held.coverage.units) == proposal.grids
    assert {unit.parent_id for unit in held.coverage.units.values()} == {mine}
    assert [one for one in (held.findings or {}).values() if one.severity == "error"] == []
    assert divisions.all_of(connection, "grid", NOW) == []
    with pytest.raises(ProposalUnknown):
        proposal_of(connection, mine, NOW)
    with pytest.raises(ProposalUnknown):  # somebody who had the page open
        adopt(connection, [proposal], asked, actor=planner, now=NOW, desk=desk)
    assert connection.execute("select count(*) from boundary_drafts").fetchone() == (1,)


def test_what_was_adopted_is_left_alone_until_its_draft_is_given_up(
    ask: Ask, connection: Connection, planner: UUID
) -> None:
    ask(township="解放碑街道")
    mine = township_id(connection, "解放碑街道")
    asked = Adopting(root_id=mine, remove_existing=False)
    draft = adopt(connection, [proposal_of(connection, mine, NOW)], asked, actor=planner, now=NOW, desk=Desk())
    report = ask(township="解放碑街道")
    assert report.left_alone == ("渝中区 解放碑街道",) and report.made == ()
    assert len(ask(township="解放碑街道", again=True).made) == 1
    connection.execute("delete from boundary_proposals where draft_id is null")
    discard(connection, draft.id, actor=planner)
    assert len(ask(township="解放碑街道").made) == 1


def test_grids_in_force_go_only_when_told(ask: Ask, connection: Connection, planner: UUID) -> None:
    ask(township="解放碑街道")
    mine = township_id(connection, "解放碑街道")
    row = connection.execute("insert into divisions (level) values ('grid') returning id").fetchone()
    assert row is not None
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, source) values (%s, %s, %s, %s, 'test')",
        (row[0], mine, "500103003000901", "老网格"),
    )
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " select %s, geometry, area_m2, false, 'test' from boundary_versions where division_id = %s",
        (row[0], mine),
    )
    assert ask(township="解放碑街道").left_alone == ("渝中区 解放碑街道",)
    proposal = proposal_of(connection, mine, NOW)
    now = datetime.now(UTC)
    with pytest.raises(DraftRefused, match="1 grids"):
        adopt(
            connection, [proposal], Adopting(root_id=mine, remove_existing=False), actor=planner, now=now, desk=Desk()
        )
    assert connection.execute("select count(*) from boundary_drafts").fetchone() == (0,)
    desk = Desk()
    asked = Adopting(root_id=mine, remove_existing=True, title="新网格")
    draft = adopt(connection, [proposal], asked, actor=planner, now=now, desk=desk)
    held = desk.checked(connection, load_draft(connection, draft.id))
    assert f"d{row[0]}" not in held.coverage.units and len(held.coverage.units) == proposal.grids
    assert draft.title == "新网格"


def test_a_district_is_taken_over_in_one_draft(ask: Ask, connection: Connection, planner: UUID) -> None:
    ask(district=YUZHONG, settings=GenerationSettings().with_target(4000))
    ask(township="天生街道")
    district = township_id(connection, YUZHONG)
    proposals = proposals_under(connection, district, NOW)
    assert len(proposals) == 11
    desk = Desk()
    asked = Adopting(root_id=district, remove_existing=False)
    draft = adopt(connection, proposals, asked, actor=planner, now=NOW, desk=desk)
    held = desk.checked(connection, load_draft(connection, draft.id))
    assert len(held.coverage.units) == sum(one.grids for one in proposals)
    assert {unit.parent_id for unit in held.coverage.units.values()} == {one.township_id for one in proposals}
    assert [one for one in (held.findings or {}).values() if one.severity == "error"] == []
    assert [one.township for one in waiting(connection, NOW)] == ["天生街道"]
    assert draft.title.startswith("渝中区网格方案（11 个镇街")
