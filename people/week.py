"""A week of duty: for each post, who answers from when to when, and the times at which nobody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from config.database import Connection
from people.duty import OnDuty, on_duty
from people.listing import QUERIES

MOST_TURNS = 200  # of a week: a roster by turns of two hours


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A time in which the same people answer; nobody: a gap."""

    since: datetime
    until: datetime
    who: tuple[OnDuty, ...]


@dataclass(frozen=True, kw_only=True)
class Week:
    """Days by post."""

    begins: datetime
    posts: dict[str, list[list[Turn]]]  # by post, seven days of turns that follow each other without a hole
    is_whole: bool  # else there are more changes than are told, and the later ones are left out


def week_of(connection: Connection, division_id: int, begins: datetime, posts: Sequence[str]) -> Week:
    """Seven days from a midnight on: the posts named, and any other that somebody answers for.

    It asks `on_duty` at each instant at which anything begins or ends, so it says what the dispatch of tasks would.
    """
    days = [begins + timedelta(days=day) for day in range(8)]
    asked = {"division": division_id, "since": begins, "until": days[-1], "most": MOST_TURNS + 1}
    turns = [row[0] for row in connection.execute(QUERIES["turns"], asked)]
    instants = sorted({*days, *turns[:MOST_TURNS]})
    found = [(since, until, on_duty(connection, division_id, since)) for since, until in pairwise(instants)]
    there = {one.post for _, _, answers in found for one in answers}
    wanted = [*posts, *sorted(there - set(posts))]
    told = {post: [_day(post, found, day, days[at + 1]) for at, day in enumerate(days[:-1])] for post in wanted}
    return Week(begins=begins, posts=told, is_whole=len(turns) <= MOST_TURNS)


def _day(post: str, found: list[tuple[datetime, datetime, list[OnDuty]]], day: datetime, end: datetime) -> list[Turn]:
    turns: list[Turn] = []
    for since, until, answers in found:
        if not day <= since < end:
            continue
        who = tuple(one for one in answers if one.post == post)
        if turns and turns[-1].who == who:
            turns[-1] = Turn(since=turns[-1].since, until=until, who=who)
        else:
            turns.append(Turn(since=since, until=until, who=who))
    return turns
