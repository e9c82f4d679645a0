"""Rule sets in the database: versions that stay, one of them in force, and none that does not hold together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import errors

from alerts.errors import RulesMoved, RulesRefused
from alerts.rule_drafts import SHIPPED, changed_files, read_files
from alerts.rule_sets import SHIPPED_ID, compared, history, in_force, put_in_force, revert, rules_in_force
from config.database import Connection, connect

pytestmark = pytest.mark.storage

STAGE = "river-stage.toml"


def with_stage(old: str, new: str) -> dict[str, str]:
    """The shipped files with one thing written otherwise in the rule of river stages."""
    files = read_files(SHIPPED)
    assert old in files[STAGE]
    return changed_files(files, {STAGE: files[STAGE].replace(old, new)})


def margin(connection: Connection) -> object:
    return next(rule.margin for rule in rules_in_force(connection) if rule.id == "river-stage")


def test_without_a_stored_set_the_shipped_files_judge(connection: Connection) -> None:
    found = in_force(connection)
    assert (found.id, found.stored, found.trouble) == (SHIPPED_ID, None, "")
    assert found.files == read_files(SHIPPED)
    assert history(connection) == []


def test_the_newest_set_is_in_force_and_the_shipped_one_is_kept_beside_it(connection: Connection) -> None:
    put = put_in_force(connection, with_stage("margin = 0.2", "margin = 0.3"), author="李工", note="回落更稳")
    assert margin(connection) == 0.3
    newest, first = history(connection)
    assert (newest.id, newest.author, newest.note, newest.origin) == (put, "李工", "回落更稳", "author")
    assert (first.origin, first.author) == ("shipped", "")
    assert [one.file for one in compared(connection, first.id, None)] == [STAGE]
    assert compared(connection, None, None) == []


def test_a_revert_is_a_new_version(connection: Connection) -> None:
    put_in_force(connection, with_stage("margin = 0.2", "margin = 0.3"), author="李工", note="a")
    shipped = history(connection)[-1].id
    back = revert(connection, shipped, author="王工")
    assert margin(connection) == 0.2
    assert next((one.id, one.note) for one in history(connection)) == (back, f"back to rule set {shipped}")
    revert(connection, back - 1, author="王工", note="and forth")
    revert(connection, SHIPPED_ID, author="王工")
    assert [one.author for one in history(connection)] == ["王工", "王工", "王工", "李工", ""]


@pytest.mark.parametrize(
    ("old", "new", "below", "reason"),
    [
        ("margin = 0.2", 'margin = "much"', 0, "got `str`"),
        ("margin = 0.2", "margin 0.2", 0, "not TOML"),
        ("margin = 0.2", "margin = 0.2\nmargim = 1", 1, "unknown field `margim`"),
        ('id = "river-stage"', 'id = "river"', 0, "`id`"),
        ("number = 6", f"number = {'9' * 5000}", 0, "characters"),
    ],
)
def test_a_set_that_does_not_validate_says_where_and_is_not_stored(
    connection: Connection, old: str, new: str, below: int, reason: str
) -> None:
    with pytest.raises(RulesRefused) as refused:
        put_in_force(connection, with_stage(old, new), author="李工", note="a")
    (fault,) = refused.value.faults
    lines = read_files(SHIPPED)[STAGE].splitlines()
    at = next(number for number, line in enumerate(lines, 1) if line.startswith(old))
    assert (fault.file, fault.line) == (STAGE, at + below)
    assert reason in fault.reason
    assert "/tmp" not in str(fault)
    assert history(connection) == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "judges nothing"),
        ({"../evil.toml": ""}, "no name of a rule file"),
        ({"a.toml": "#" * 70_000}, "longer than"),
        ({"a.toml": "\ud800"}, "not UTF-8"),
        ({"a.toml": "x = " + "[" * 5000}, "a.toml:1: "),
        ({f"a{n}.toml": "" for n in range(501)}, "more than"),
    ],
)
def test_odd_sets_are_refused_in_a_sentence(connection: Connection, files: dict[str, str], reason: str) -> None:
    with pytest.raises(RulesRefused, match=reason):
        put_in_force(connection, files, author="李工", note="a")


def test_nobody_and_no_reason_change_no_rules(connection: Connection) -> None:
    files = with_stage("margin = 0.2", "margin = 0.3")
    for author, note in (("", "a"), ("  ", "a"), ("李工", " "), ("x" * 81, "a")):
        with pytest.raises(RulesRefused, match=r"no (author|note)"):
            put_in_force(connection, files, author=author, note=note)
    with pytest.raises(RulesRefused, match="nothing differs"):
        put_in_force(connection, read_files(SHIPPED), author="李工", note="a")


def test_of_two_drafts_of_one_set_the_second_has_to_look_again(database_url: str, connection: Connection) -> None:
    start = threading.Barrier(2)

    def put(value: float) -> int | str:
        with connect(database_url, f"author-{value}", autocommit=True) as mine:
            start.wait()
            try:
                files = with_stage("margin = 0.2", f"margin = {value}")
                return put_in_force(mine, files, author="李工", note="a", base=SHIPPED_ID)
            except RulesMoved as moved:
                return str(moved)

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(put, (0.3, 0.4)))
    assert sorted(type(one).__name__ for one in done) == ["int", "str"]
    assert [one.origin for one in history(connection)] == ["author", "shipped"]


def test_a_set_that_a_newer_program_does_not_take_leaves_the_last_good_one_in_force(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    good = put_in_force(connection, with_stage("margin = 0.2", "margin = 0.3"), author="李工", note="a")
    connection.execute(
        "insert into rule_sets (files, origin, actor, note)"
        " values ('{\"river-stage.toml\": \"kind = \\\"of an older program\\\"\"}', 'author', gen_random_uuid(), 'b')"
    )
    found = in_force(connection)
    assert found.id == good
    assert f"rule set {good + 1} does not hold together" in found.trouble
    assert "river-stage.toml:1:" in found.trouble
    assert margin(connection) == 0.3
    assert "does not hold together" in caplog.text


def test_versions_cannot_be_rewritten(connection: Connection) -> None:
    put_in_force(connection, with_stage("margin = 0.2", "margin = 0.3"), author="李工", note="a")
    for statement in ("update rule_sets set note = 'b'", "delete from rule_sets", "truncate rule_sets"):
        with pytest.raises(errors.RestrictViolation, match="append-only"):
            connection.execute(statement.encode())


def test_a_new_set_is_told_to_pipelines_and_screens(database_url: str, connection: Connection) -> None:
    with connect(database_url, "listener", autocommit=True) as listener:
        listener.execute("listen shijing_rules")
        put = put_in_force(connection, with_stage("margin = 0.2", "margin = 0.3"), author="李工", note="a")
        assert [note.channel for note in listener.notifies(timeout=5, stop_after=1)] == ["shijing_rules"]
    event = connection.execute(
        "select payload from live_events where kind = 'rules' order by id desc limit 1"
    ).fetchone()
    assert event == ({"rule_set": put},)
