"""The fan-out: order, bounds, ends."""

import asyncio
from datetime import UTC, datetime

import pytest

from access.scope import EVERYWHERE, Scope
from web.hub import Client, Frame, Hub


def frame(number: int) -> Frame:
    """A resumable frame."""
    return Frame(event="alert", data={"n": number}, id=number)


def joined(hub: Hub, scope: Scope = EVERYWHERE) -> Client:
    """A client that may be shown a scope, and goes on to."""
    return hub.join(scope, lambda: scope)


def test_a_frame_is_one_server_sent_event() -> None:
    told = Frame(event="clock", data={"now": datetime(2020, 8, 20, tzinfo=UTC), "text": "两\n行"})
    assert told.text.decode() == 'event: clock\ndata: {"now":"2020-08-20T00:00:00Z","text":"两\\n行"}\n\n'
    assert frame(7).text == b'id: 7\nevent: alert\ndata: {"n":7}\n\n'


def test_every_client_gets_every_frame_in_order() -> None:
    async def scene() -> None:
        hub = Hub()
        clients = [joined(hub) for _ in range(3)]
        for number in range(5):
            hub.publish(frame(number))
        for client in clients:
            assert [(await client.next(1)).id for _ in range(5)] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]

    asyncio.run(scene())


def test_a_client_that_does_not_keep_up_is_let_go_and_the_others_are_not() -> None:
    async def scene() -> None:
        hub = Hub(limit=3)
        slow, quick = joined(hub), joined(hub)
        for number in range(4):
            hub.publish(frame(number))
            assert (await quick.next(1)) == frame(number)
        assert len(hub) == 1
        assert await slow.next(1) is None, "its stream ends, what was queued is let go"

    asyncio.run(scene())


def test_a_silent_stream_times_out_for_its_heartbeat() -> None:
    async def scene() -> None:
        with pytest.raises(TimeoutError):
            await joined(Hub()).next(0.01)

    asyncio.run(scene())


def test_close_ends_every_stream_and_those_that_come_later() -> None:
    async def scene() -> None:
        hub = Hub()
        before = joined(hub)
        hub.close()
        assert await before.next(1) is None
        assert await joined(hub).next(1) is None
        assert len(hub) == 0

    asyncio.run(scene())


def test_frames_come_in_from_another_thread() -> None:
    async def scene() -> None:
        hub = Hub()
        client = joined(hub)
        await asyncio.to_thread(hub.publish_from_thread, frame(1))
        assert await client.next(1) == frame(1)

    asyncio.run(scene())


def test_a_frame_of_a_scope_reaches_its_clients_alone() -> None:
    async def scene() -> None:
        hub, town = Hub(), Scope(divisions=frozenset([7]))
        here, there, screen = joined(hub, town), joined(hub, Scope(divisions=frozenset([8]))), joined(hub)
        assert hub.scopes() == {town, Scope(divisions=frozenset([8])), EVERYWHERE}
        hub.publish(frame(1), town)
        hub.publish(frame(2))
        assert [await here.next(1), await here.next(1)] == [frame(1), frame(2)]
        assert await there.next(1) == await screen.next(1) == frame(2)

    asyncio.run(scene())


def test_who_may_no_longer_is_let_go_and_the_others_are_not() -> None:
    async def scene() -> None:
        hub = Hub()
        gone, stays = joined(hub), joined(hub)
        await asyncio.to_thread(hub.end_from_thread, gone)
        assert await gone.next(1) is None
        assert hub.clients() == [stays]

    asyncio.run(scene())
