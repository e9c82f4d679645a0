"""`shijing quarantine`: what was refused, for people, and its way back."""

from typing import Annotated, Any

import typer

from commands.options import Data, Database, Json, place_of, tell

quarantine_app = typer.Typer(help="What was refused: look at it, put it through again.", no_args_is_help=True)


@quarantine_app.command("list")
def list_(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest readings and messages that were refused, with how to mend each."""
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url:
        rows = held(url, reason=reason, most=most)
    tell(
        {"held": rows},
        as_json,
        [f"{row['id']:>6}  {row['reason']:<16} ×{row['count']}  {row['detail']}" for row in rows],
    )


@quarantine_app.command()
def release(
    ids: Annotated[list[int] | None, typer.Argument(help="Which ones; none: all of the reason.")] = None,
    reason: Annotated[str | None, typer.Option(help="All of this reason.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put refused readings through the pipeline again, once their cause is mended."""
    from commands.servers import database as database_of

    if not ids and not reason:
        raise typer.BadParameter("name the ids, or a --reason")
    with database_of(place_of(database, data)) as url:
        requested = request_release(url, reason=reason, ids=ids or None)
    tell({"requested": requested}, as_json, [f"{requested} readings will be put through by the pipeline"])


def held(database_url: str, *, reason: str | None, most: int) -> list[dict[str, Any]]:
    """The newest faults, newest first."""
    from config.database import connect
    from config.logs import BEIJING
    from ingest import quarantine

    with connect(database_url, "quarantine", autocommit=True) as connection:
        return [
            {
                "id": row.id,
                "reason": row.reason,
                "detail": row.detail,
                "topic": row.topic,
                "payload": row.payload.decode("utf-8", errors="backslashreplace"),
                "time": row.time.astimezone(BEIJING).isoformat() if row.time else None,
                "count": row.count,
                "last_seen": row.last_seen.astimezone(BEIJING).isoformat(),
                "state": row.state,
            }
            for row in quarantine.listing(connection, reason=reason, most=most)
        ]


def request_release(database_url: str, *, reason: str | None, ids: list[int] | None) -> int:
    """Ask for another try; how many were asked for."""
    from config.database import connect
    from ingest import quarantine

    with connect(database_url, "quarantine", autocommit=True) as connection:
        return quarantine.request_release(connection, reason=reason, ids=ids)
