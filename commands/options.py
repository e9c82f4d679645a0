"""What the commands of the command line have in common: options, where they work, how they answer."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from commands.servers import Place

Database = Annotated[str | None, typer.Option("--database", help="PostgreSQL URL; default SHIJING_DATABASE_URL.")]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder with a database and broker of its own.")]
Exercise = Annotated[
    bool, typer.Option("--exercise", help="A drill: every row, page and message says so; or SHIJING_EXERCISE=true.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def place_of(database: str | None, data: Path | None) -> "Place":
    """Where a command works; raises BadParameter for both at once."""
    from commands.servers import Place

    if database and data:
        raise typer.BadParameter("give --database or --data, not both")
    return Place(database=database, data=data)


def is_drill(flag: bool) -> bool:
    """Whether this is an exercise, by the option or the setting."""
    from config.settings import InstanceSettings

    return flag or InstanceSettings().exercise


def moment_of(text: str | None) -> datetime | None:
    """The instant that an option names; raises BadParameter where it is none or has no offset."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2020-08-14T01:00:00+08:00") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset: add +08:00")
    return moment


def tell(figures: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print figures as one JSON object, or lines for people."""
    typer.echo(json.dumps(figures, ensure_ascii=False, default=str) if as_json else "\n".join(lines))
