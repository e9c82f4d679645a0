"""`shijing gateway`: accounts of the MQTT broker, for gateways and for our own processes."""

import os
from pathlib import Path
from typing import Annotated

import typer

from access.broker_accounts import BrokerAccount, Role
from access.private_files import replace_file
from commands.options import Data, Database, Json, place_of, tell

gateway_app = typer.Typer(help="Accounts of the MQTT broker (docs/operations.md).", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A gateway's or device's name, as it stands in its topic.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Write the password there instead of showing it.", dir_okay=False)
]
_NEXT = "next: shijing gateway write FOLDER"


@gateway_app.command()
def add(
    name: Name,
    *,
    role: Annotated[Role, typer.Option("--for", help="What it is for; its rights follow from it.")] = Role.GATEWAY,
    note: Annotated[str, typer.Option(help="Kept with it.")] = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Make an account; its password is shown now and never again."""
    from access.broker_accounts import add_account
    from commands.servers import opened

    _check_file(password_file)
    with opened(place_of(database, data), "gateway") as connection:
        password = add_account(connection, name, role, note)
    _tell_password(name, password, password_file, as_json)


@gateway_app.command("list")
def list_accounts(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """All accounts, without anything secret."""
    from access.broker_accounts import accounts
    from commands.servers import opened

    with opened(place_of(database, data), "gateway") as connection:
        found = accounts(connection)
    told = [
        {
            "id": str(one.id),
            "name": one.name,
            "for": one.role,
            "devices": one.devices,
            "locked_at": one.locked_at,
            "lock_reason": one.lock_reason,
            "rotated_at": one.rotated_at,
            "note": one.note,
        }
        for one in found
    ]
    tell({"accounts": told}, as_json, [_line(one) for one in found] or ["no accounts yet: shijing gateway add NAME"])


@gateway_app.command()
def lock(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, such as stolen.")] = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Shut it out, from the next writing of the files on."""
    from access.broker_accounts import lock as shut
    from commands.servers import opened

    with opened(place_of(database, data), "gateway") as connection:
        shut(connection, name, reason)
    tell({"name": name, "locked": True}, as_json, [f"{name} is locked; {_NEXT}"])


@gateway_app.command()
def unlock(name: Name, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Let it in again, with the password that it had."""
    from access.broker_accounts import unlock as let_in
    from commands.servers import opened

    with opened(place_of(database, data), "gateway") as connection:
        let_in(connection, name)
    tell({"name": name, "locked": False}, as_json, [f"{name} is unlocked; {_NEXT}"])


@gateway_app.command()
def rotate(
    name: Name,
    password_file: PasswordFile = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Give it a new password, shown now and never again; the old one holds until the files are written."""
    from access.broker_accounts import rotate as renew
    from commands.servers import opened

    _check_file(password_file)
    with opened(place_of(database, data), "gateway") as connection:
        password = renew(connection, name)
    _tell_password(name, password, password_file, as_json)


@gateway_app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Where Mosquitto finds passwd and acl.", file_okay=False)],
    pid_file: Annotated[
        Path | None, typer.Option("--pid-file", help="Mosquitto's pid_file: it is told to read them (SIGHUP).")
    ] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Write Mosquitto's password file and access list, with the topics of this process's settings."""
    from access.broker_accounts import accounts, tell_written
    from access.broker_files import tell_broker, write_broker_files
    from access.broker_grants import topics_in_use
    from commands.servers import opened

    with opened(place_of(database, data), "gateway") as connection:
        written = write_broker_files(folder, accounts(connection), topics_in_use())
        tell_written(connection, accounts=written.accounts, locked=written.locked)
    if pid_file is not None:
        tell_broker(pid_file)
    told = {"folder": str(folder), "accounts": written.accounts, "locked": written.locked, "told": pid_file is not None}
    after = "the broker is told" if pid_file else "the broker reads them after SIGHUP (systemctl reload mosquitto)"
    tell(told, as_json, [f"{written.accounts} accounts written to {folder}, {written.locked} locked; {after}"])


def _check_file(file: Path | None) -> None:
    """Before the account changes: a password that cannot be written would be lost."""
    if file is not None and not os.access(file.parent, os.W_OK):
        raise typer.BadParameter(f"{file.parent} is no folder that can be written to")


def _tell_password(name: str, password: str, file: Path | None, as_json: bool) -> None:
    if file is None:
        tell({"name": name, "password": password}, as_json, [name, password, f"It is kept nowhere; {_NEXT}"])
        return
    replace_file(file, f"{password}\n")
    tell({"name": name, "password_file": str(file)}, as_json, [f"{name}: the password is in {file}; {_NEXT}"])


def _line(one: BrokerAccount) -> str:
    state = f"locked {one.locked_at:%Y-%m-%d} {one.lock_reason}" if one.locked_at else "open"
    behind = f", speaks for {len(one.devices)} more" if one.devices else ""
    return f"{one.name:<24} {one.role:<14} {state}{behind}  {one.note}".rstrip()
