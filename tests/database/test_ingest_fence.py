"""The fence: of two holders of a partition only the newer one writes, and no frozen one stands in its way."""

import threading

import pytest

from alerts.errors import Fenced
from alerts.fence import Fence, claim
from config.database import connect

pytestmark = pytest.mark.storage


def test_each_claim_is_a_new_epoch(database_url: str) -> None:
    with connect(database_url, "pipeline", autocommit=True) as one, connect(database_url, "x", autocommit=True) as two:
        first = claim(one, "cq")
        assert first.check(one) is None
        second = claim(two, "cq")
        assert second == Fence(partition="cq", epoch=first.epoch + 1)
        assert claim(two, "other").epoch == 1
        second.check(two)


def test_a_holder_that_is_frozen_inside_a_transaction_does_not_hold_up_a_claim(database_url: str) -> None:
    with connect(database_url, "pipeline") as frozen, connect(database_url, "pipeline", autocommit=True) as other:
        held = claim(frozen, "cq")
        frozen.commit()
        held.check(frozen)  # and then nothing more is heard of it
        other.execute("set statement_timeout = '5s'")
        assert claim(other, "cq").epoch == held.epoch + 1
        frozen.close()


def test_a_former_holder_is_fenced_at_its_next_batch_and_after_a_reconnect(database_url: str) -> None:
    with connect(database_url, "pipeline", autocommit=True) as one, connect(database_url, "pipeline") as two:
        former = claim(one, "cq")
        claim(two, "cq")
        two.commit()
        with connect(database_url, "pipeline", autocommit=True) as again:
            with pytest.raises(Fenced):
                former.check(again)
            with pytest.raises(Fenced):
                former.hold_again(again)


def test_a_claim_waits_for_a_batch_that_is_being_committed(database_url: str) -> None:
    """Another program's connection, which the claim may not end, holds the row."""
    with connect(database_url, "batch") as holder, connect(database_url, "pipeline", autocommit=True) as other:
        held = claim(holder, "cq")
        holder.commit()
        held.check(holder)
        claimed: list[Fence] = []
        waiting = threading.Thread(target=lambda: claimed.append(claim(other, "cq")))
        waiting.start()
        with connect(database_url, "watch", autocommit=True) as watch:
            while watch.execute("select count(*) from pg_locks where not granted").fetchone() == (0,):
                assert waiting.is_alive(), "it passed the share lock"
        assert claimed == []
        holder.commit()
        waiting.join(10)
        assert claimed == [Fence(partition="cq", epoch=held.epoch + 1)]


def test_the_same_holder_after_a_lost_connection(database_url: str) -> None:
    with connect(database_url, "pipeline", autocommit=True) as one:
        held = claim(one, "cq")
    with connect(database_url, "pipeline", autocommit=True) as two:
        held.hold_again(two)
        held.check(two)
        row = two.execute("select holder_pid = pg_backend_pid() from partitions").fetchone()
        assert row == (True,)
