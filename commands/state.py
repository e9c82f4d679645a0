"""`shijing migrate`, `status`, `ledger`: the schema, what is stored, and whether it adds up."""

from typing import Annotated

import typer

from commands.options import Data, Database, Json, moment_of, place_of, tell


def migrate(database: Database = None, data: Data = None) -> None:
    """Bring the database schema to this version, and give the pages' login the password that the settings name."""
    from access.readers import set_reader_password
    from commands.servers import database as database_of
    from config.database import connect
    from config.migrate import migrate as bring_up
    from config.settings import DatabaseSettings

    with database_of(place_of(database, data)) as url, connect(url, "migrate", autocommit=True) as connection:
        steps = bring_up(connection)
        if password := DatabaseSettings().web_password.get_secret_value():
            set_reader_password(connection, password)
    typer.echo("\n".join(step.path.name for step in steps) or "the schema is up to date")


def status(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """What is stored, what was refused and why, who holds the pipeline, which alerts are open."""
    from commands import figures
    from commands.servers import database as database_of
    from config.database import connect

    with database_of(place_of(database, data)) as url, connect(url, "status", autocommit=True) as connection:
        told = figures.status(connection)
    tell(told, as_json, figures.lines(told))


def ledger(
    begin: Annotated[str | None, typer.Option("--from", help="Event time, ISO 8601 with an offset; none: all.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to, not including, then; none: now.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also judge the stored readings once more.")] = False,
    accept: Annotated[str | None, typer.Option(help="Write off, with this reason, what does not add up.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Reconcile what came, was stored, judged and raised; exit status 2 where it does not add up."""
    from commands.ledger import lines, reconcile
    from commands.servers import database as database_of

    if accept == "":
        raise typer.BadParameter("--accept needs a reason: who looked into it, and what was found")
    with database_of(place_of(database, data)) as url:
        found = reconcile(url, moment_of(begin), moment_of(end), deep=deep, note=accept)
    tell(found.as_dict(), as_json, lines(found))
    raise typer.Exit(0 if found.balanced else 2)
