"""Files between preview and import: taken once, by whoever sent them, in time, and no more than there is room for."""

from datetime import UTC, datetime
from uuid import uuid4

from web import held
from web.held import LASTS, HeldFiles

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_a_file_is_taken_once_by_its_sender() -> None:
    files, mine, other = HeldFiles(), uuid4(), uuid4()
    key = files.put(mine, "people", "a.csv", b"secret", now=NOW)
    assert files.take(other, "people", key, now=NOW) is None
    assert files.take(mine, "people", "甲" + key, now=NOW) is None
    assert files.take(mine, "roster", key, now=NOW) is None  # it was not previewed as one
    found = files.take(mine, "people", key, now=NOW)
    assert found is not None
    assert (found.name, found.raw) == ("a.csv", b"secret")
    assert "secret" not in repr(found)
    assert files.take(mine, "people", key, now=NOW) is None


def test_it_is_forgotten_in_time_and_for_the_next_one() -> None:
    files, mine = HeldFiles(), uuid4()
    key = files.put(mine, "people", "a.csv", b"a", now=NOW)
    assert files.take(mine, "people", key, now=NOW + LASTS) is None
    first, second = (files.put(mine, "people", name, b"a", now=NOW) for name in ("b.csv", "c.csv"))
    assert files.take(mine, "people", first, now=NOW) is None
    assert files.take(mine, "people", second, now=NOW) is not None


def test_the_oldest_make_room(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(held, "MOST_BYTES", 10)
    files, first, second = HeldFiles(), uuid4(), uuid4()
    old, new = files.put(first, "people", "a", b"123456", now=NOW), files.put(second, "people", "b", b"123456", now=NOW)
    assert files.take(first, "people", old, now=NOW) is None
    assert files.take(second, "people", new, now=NOW) is not None
