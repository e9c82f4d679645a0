"""A draft beside which another was published: put on what is in force now, reviewed anew, and then published."""

import threading
from datetime import UTC, datetime

import pytest

from access.audit import entries
from boundaries.bases import is_outdated
from boundaries.drafts import Draft, load_draft
from boundaries.errors import BoundaryError, DraftRefused
from boundaries.publish import publish
from boundaries.rebasing import Dropped, rebase
from config.database import Connection, connect
from tests.database.publish_ground import Ground, acting, approved, drawn, lay_out, published

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def rename(key: str, name: str) -> dict[str, str]:
    return {"kind": "rename", "unit": key, "name": name}


def put_on(connection: Connection, ground: Ground, draft: Draft) -> tuple[Draft, list[Dropped]]:
    revision = load_draft(connection, draft.id).revision
    return rebase(
        connection, draft.id, actor=ground.planner, revision=revision, now=datetime.now(UTC), desk=ground.desk
    )


def test_an_approved_draft_is_reviewed_anew_and_then_published(connection: Connection, ground: Ground) -> None:
    first = approved(connection, ground, drawn(connection, ground, [rename(ground.key(0, 0), "甲")]))
    published(connection, ground, [rename(ground.key(1, 1), "乙")])
    reviewer = acting(ground.reviewer)
    with pytest.raises(DraftRefused, match="something else is in force"):
        publish(connection, first.id, actor=reviewer, effective=None, reason="", desk=ground.desk)
    again, dropped = put_on(connection, ground, first)
    kept = load_draft(connection, first.id)
    assert (kept.state, kept.submitted_by, kept.reviewed_by, kept.cursor) == ("draft", None, None, 1)
    assert again == kept
    assert not dropped
    assert entries(connection, act="boundary.draft_rebased")[0].details["state"] == "approved"
    with pytest.raises(DraftRefused):
        publish(connection, first.id, actor=acting(ground.reviewer), effective=None, reason="", desk=ground.desk)
    approved(connection, ground, kept)
    publish(connection, first.id, actor=acting(ground.reviewer), effective=None, reason="", desk=ground.desk)
    names = (
        "select name from division_versions where division_id = any(%s) and upper_inf(recorded) and upper_inf(valid)"
    )
    both = [ground.grid(0, 0), ground.grid(1, 1)]
    assert {row[0] for row in connection.execute(names.encode(), (both,))} == {"甲", "乙"}


def test_nothing_else_takes_a_draft_back_from_its_review(connection: Connection, ground: Ground) -> None:
    first = approved(connection, ground, drawn(connection, ground, [rename(ground.key(0, 0), "甲")]))
    with pytest.raises(DraftRefused):
        put_on(connection, ground, first)
    assert load_draft(connection, first.id) == first


def test_a_step_that_was_published_by_others_is_told_as_one_that_does_not_apply(
    connection: Connection, ground: Ground
) -> None:
    first = drawn(connection, ground, [rename(ground.key(0, 0), "甲"), rename(ground.key(1, 1), "乙")])
    published(
        connection, ground, [{"kind": "merge", "units": [ground.key(0, 0), ground.key(0, 1)], "into": ground.key(0, 1)}]
    )
    assert is_outdated(connection, first, now=datetime.now(UTC))
    again, dropped = put_on(connection, ground, first)
    assert [(one.kind, one.code) for one in dropped] == [("rename", "unknown_unit")]
    assert again.cursor == 1


def test_publishing_and_rebasing_at_once_do_not_wait_for_each_other_for_ever(
    connection: Connection, ground: Ground, database_url: str
) -> None:
    for number in range(4):
        draft = approved(connection, ground, drawn(connection, ground, [rename(ground.key(0, 0), f"甲{number}")]))
        gate, wrong = threading.Barrier(2), list[BaseException]()

        def act(
            what: str, draft: Draft = draft, gate: threading.Barrier = gate, wrong: list[BaseException] = wrong
        ) -> None:
            with connect(database_url, what, autocommit=True) as own:
                gate.wait(20)
                try:
                    if what == "publish":
                        publish(
                            own, draft.id, actor=acting(ground.reviewer), effective=None, reason="", desk=ground.desk
                        )
                    else:
                        put_on(own, ground, draft)
                except BoundaryError:
                    return
                except Exception as error:  # noqa: BLE001  a deadlock would be one
                    wrong.append(error)

        threads = [threading.Thread(target=act, args=(what,)) for what in ("publish", "rebase")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not wrong
        assert load_draft(connection, draft.id).state == "published"
