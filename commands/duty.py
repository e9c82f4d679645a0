"""`shijing duty`: who is on duty for a division, now or then."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from commands.options import Data, Database, Json, moment_of, tell
from commands.people_options import At, moment, names_of, staffed

if TYPE_CHECKING:
    from people.duty import OnDuty

_WHY = {"shift": "shift", "holder": "holds the post", "stand_in": "stands in"}


def duty(
    division: Annotated[str, typer.Argument(metavar="CODE_OR_NAME", help="A division: code, or a name of only one.")],
    at: At = None,
    post: Annotated[str | None, typer.Option(help="This post alone, by any of its names.")] = None,
    known_at: Annotated[str | None, typer.Option(help="As it was known then.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Who is on duty for a division: who has a shift, else holds the post there or above, or stands in."""
    from access.accounts import division_named
    from geo.divisions import by_id
    from people.duty import on_duty
    from people.posts import shipped_posts

    when, posts = moment(at), shipped_posts()
    with staffed(database, data, key=False) as (connection, vault):
        number = division_named(connection, division, now=when)
        asked = None if post is None else posts.named(post).id
        found = on_duty(connection, number, when, post=asked, known_at=moment_of(known_at))
        called = names_of(connection, vault, [one.person_id for one in found])
        places = {one.division_id: by_id(connection, one.division_id, when) for one in found}
    names = {number: place.name for number, place in places.items() if place is not None}
    told = [_told(one, called, names) for one in found]
    lines = [
        f"{(known.zh if (known := posts.get(one.post)) else one.post):<10}　"
        f"{called.get(one.person_id, one.person_id)}  {names.get(one.division_id, '')}  {_WHY[one.why]}"
        for one in found
    ]
    tell(
        {"division_id": number, "at": when.isoformat(), "on_duty": told},
        as_json,
        lines or [f"nobody is on duty for {division} at {when.isoformat()}"],
    )


def _told(one: "OnDuty", called: dict[UUID, str], places: dict[int, str]) -> dict[str, Any]:
    name = {"name": called[one.person_id]} if one.person_id in called else {}
    return vars(one) | {"division": places.get(one.division_id)} | name
