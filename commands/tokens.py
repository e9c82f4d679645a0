"""`shijing token`: what programs sign in with. For who has the server."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from commands.alert_base import connected
from commands.options import Data, Database, Json, tell
from commands.user import Division, Name

token_app = typer.Typer(help="What programs sign in with.", no_args_is_help=True)


@token_app.command("add")
def token_add(
    name: Name,
    right: Annotated[list[str], typer.Option(help="A right of docs/rights.md; may be given several times.")],
    label: Annotated[str, typer.Option(help="What it is for.")],
    division: Division = None,
    days: Annotated[float, typer.Option(help="How long it holds.", min=0.001, max=3650)] = 365,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A token for a program; it is shown this once."""
    from access.accounts import account, division_named
    from access.rights import load_roles
    from access.tokens import add_token

    now = datetime.now(UTC)
    with connected(database, data) as connection:
        where = None if division is None else division_named(connection, division, now=now)
        secret = add_token(
            connection,
            account(connection, name).id,
            label=label,
            rights=right,
            division_id=where,
            expires=now + timedelta(days=days),
            roles=load_roles(),
            now=now,
        )
    tell({"token": secret}, as_json, [secret])


@token_app.command("list")
def token_list(database: Database = None, data: Data = None, as_json: Json = False) -> None:
    """Every token, without its secret."""
    from access.tokens import tokens

    with connected(database, data) as connection:
        found = tokens(connection)
    lines = [f"{one['id']}  {one['account']:<16} {one['label']:<24} {', '.join(one['rights'])}" for one in found]
    tell({"tokens": found}, as_json, lines)


@token_app.command("revoke")
def token_revoke(
    token: Annotated[str, typer.Argument(help="Its id in `shijing token list`.")],
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """It opens nothing any more."""
    from uuid import UUID

    from access.tokens import revoke_token

    try:
        token_id = UUID(token)
    except ValueError as error:
        raise typer.BadParameter(f"{token!r} is no id of a token: see `shijing token list`") from error
    with connected(database, data) as connection:
        revoke_token(connection, token_id, now=datetime.now(UTC))
    tell({"revoked": token}, as_json, ["the token is revoked"])
