"""`shijing people hold`, `release`, `renew`, `erase`, `absence end`, `roster add` and `cancel`: one act each."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from commands.options import Data, Database, Json, tell
from commands.people_options import At, Since, Until, Who, moment, staffed

Post = Annotated[str, typer.Argument(help="A post of config/posts.toml, by any of its names.")]
Division = Annotated[str, typer.Option("--division", help="Code or name of the division that it is for.")]
Number = Annotated[int, typer.Argument(help="Its number, as it was told when it was recorded.")]


def register_posts(people: typer.Typer, absence: typer.Typer, roster: typer.Typer) -> None:
    """Give the three groups the commands for single acts."""
    for name, command in (("hold", _hold), ("release", _release), ("renew", _renew), ("erase", _erase)):
        people.command(name)(command)
    absence.command("end")(_absence_end)
    roster.command("add")(_shift_add)
    roster.command("cancel")(_shift_cancel)


def _hold(
    who: Who, post: Post, division: Division, since: Since = None, until: Until = None, as_json: Json = False,
    database: Database = None, data: Data = None,
) -> None:  # fmt: skip
    """Somebody holds a post for a division from now on, or another time."""
    from access.accounts import division_named
    from people.holdings import hold_post
    from people.persons import person_named

    with staffed(database, data, key=False) as (connection, vault):
        person, where = person_named(connection, vault, who), division_named(connection, division, now=moment(None))
        end = None if until is None else moment(until)
        number = hold_post(connection, person, post, where, since=moment(since), until=end)
    tell({"holding": number}, as_json, [f"{who} holds {post} for {division}"])


def _release(
    who: Who, post: Post, division: Division, at: At = None, as_json: Json = False, database: Database = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Somebody holds a post for a division no longer; it stays in the history."""
    from access.accounts import division_named
    from people.holdings import end_post
    from people.persons import person_named

    when = moment(at)
    with staffed(database, data, key=False) as (connection, vault):
        person, where = person_named(connection, vault, who), division_named(connection, division, now=moment(None))
        end_post(connection, person, post, where, at=when)
    tell(
        {"ended": when.isoformat()}, as_json, [f"{who} holds {post} for {division} no more from {when.isoformat()} on"]
    )


def _renew(
    who: Who,
    since: Since = None,
    employment: Annotated[str, typer.Option(help="full_time, part_time or volunteer.")] = "full_time",
    skill: Annotated[list[str], typer.Option(help="May be given several times.")] = [],  # noqa: B006
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Somebody who left serves again."""
    from people.persons import person_named, renew_term

    begins = moment(since)
    with staffed(database, data, key=False) as (connection, vault):
        person = person_named(connection, vault, who)
        renew_term(connection, person, since=begins, employment=employment, skills=skill)  # type: ignore[arg-type]
    tell({"renewed": str(person)}, as_json, [f"{person} serves again from {begins.isoformat()} on"])


def _erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Forget the name, telephone and mail address of somebody who left, for good."""
    from people.persons import person_named
    from people.private import erase_private

    with staffed(database, data, key=False) as (connection, vault):
        person = person_named(connection, vault, who)
        if not yes:
            typer.confirm(f"Erase name, telephone and mail address of {person} for good?", abort=True, err=True)
        erase_private(connection, person, now=datetime.now(UTC))
    tell({"erased": str(person)}, as_json, [f"who {person} was is erased"])


def _absence_end(
    number: Number, at: At = None, as_json: Json = False, database: Database = None, data: Data = None
) -> None:
    """Somebody is back, now or at another time."""
    from people.absences import end_absence

    when = moment(at)
    with staffed(database, data, key=False) as (connection, _):
        end_absence(connection, number, at=when)
    tell({"ended": number, "at": when.isoformat()}, as_json, [f"absence {number} ends at {when.isoformat()}"])


def _shift_add(
    who: Who, post: Post, division: Division, since: Annotated[str, typer.Option(help="From when.")],
    until: Annotated[str, typer.Option(help="Until when.")], as_json: Json = False, database: Database = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Somebody does a post's duty for a division, before all who hold it."""
    from access.accounts import division_named
    from people.holdings import add_shift
    from people.persons import person_named

    with staffed(database, data, key=False) as (connection, vault):
        person, where = person_named(connection, vault, who), division_named(connection, division, now=moment(None))
        number = add_shift(connection, person, post, where, since=moment(since), until=moment(until))
    tell({"shift": number}, as_json, [f"shift {number} is recorded"])


def _shift_cancel(
    number: Number, at: At = None, as_json: Json = False, database: Database = None, data: Data = None
) -> None:
    """A shift ends at a time; without one it never was to be."""
    from people.holdings import cancel_shift

    with staffed(database, data, key=False) as (connection, _):
        cancel_shift(connection, number, at=None if at is None else moment(at))
    tell({"cancelled": number}, as_json, [f"shift {number} is cancelled"])
