"""`shijing user`: accounts and their roles. For who has the server."""

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.alert_base import connected
from commands.options import Data, Database, Json, tell

user_app = typer.Typer(help="Accounts and their roles.", no_args_is_help=True)

_MARKS = {"locked_at": "locked", "second_factor": "second factor", "single_sign_on": "single sign-on"}

Name = Annotated[str, typer.Argument(help="The account's name.")]
Role = Annotated[str, typer.Option(help="A role of config/roles.toml.")]
Division = Annotated[str | None, typer.Option(help="Code or name of a division; without it everywhere.")]


@user_app.command()
def add(
    name: Name,
    role: Annotated[list[str], typer.Option(help="A role of config/roles.toml; may be given several times.")] = [],  # noqa: B006
    division: Division = None,
    kind: Annotated[str, typer.Option(help="person, screen or service.")] = "person",
    password_file: Annotated[
        Path | None, typer.Option(help="A file with the password; without it the password is asked for (- : none).")
    ] = None,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an account; the first administrator comes to be so."""
    from access.accounts import add_account, division_named, grant
    from access.rights import load_roles

    roles, now = load_roles(), datetime.now(UTC)
    with connected(database, data) as connection, connection.transaction():
        where = None if division is None else division_named(connection, division, now=now)
        account_id = add_account(connection, name, kind=_kind(kind), password=_password(password_file))
        for one in role:
            grant(connection, account_id, one, where, roles=roles, now=now)
    tell({"id": str(account_id), "name": name}, as_json, [f"account {name} is made"])


@user_app.command("list")
def list_(database: Database = None, data: Data = None, as_json: Json = False) -> None:
    """Every account with its roles."""
    from access.accounts import accounts
    from access.scope import EVERYWHERE

    with connected(database, data) as connection:
        found = accounts(connection, EVERYWHERE, now=datetime.now(UTC))
    tell({"accounts": found}, as_json, [_line(one) for one in found])


@user_app.command()
def lock(name: Name, database: Database = None, data: Data = None, as_json: Json = False) -> None:
    """Nobody gets in with it any more; its sessions end."""
    from access.accounts import account
    from access.accounts import lock as lock_account

    with connected(database, data) as connection:
        lock_account(connection, account(connection, name).id, now=datetime.now(UTC))
    tell({"locked": name}, as_json, [f"account {name} is locked"])


@user_app.command()
def unlock(name: Name, database: Database = None, data: Data = None, as_json: Json = False) -> None:
    """It can be used again, also where failed tries had locked it."""
    from access.accounts import account
    from access.accounts import unlock as unlock_account

    with connected(database, data) as connection:
        unlock_account(connection, account(connection, name).id)
    tell({"unlocked": name}, as_json, [f"account {name} can be used again"])


@user_app.command()
def password(
    name: Name,
    password_file: Annotated[
        Path | None, typer.Option(help="A file with the password; without it, it is asked for.")
    ] = None,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give a new password, which has to be changed at the next sign-in; every session ends."""
    from access.accounts import account, set_password

    new = _password(password_file)
    if new is None:
        raise typer.BadParameter("a password is needed")
    with connected(database, data) as connection:
        set_password(connection, account(connection, name).id, new, must_change=True)
    tell({"password": "set"}, as_json, [f"account {name} has a new password"])


@user_app.command()
def grant(
    name: Name,
    role: Role,
    division: Division = None,
    until: Annotated[datetime | None, typer.Option(help="When it ends by itself, UTC; without it never.")] = None,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give a role, everywhere or for a division and all in it."""
    from access.accounts import account, division_named
    from access.accounts import grant as grant_role
    from access.rights import load_roles

    now, end = datetime.now(UTC), None if until is None else until.replace(tzinfo=until.tzinfo or UTC)
    with connected(database, data) as connection:
        where = None if division is None else division_named(connection, division, now=now)
        number = grant_role(
            connection, account(connection, name).id, role, where, roles=load_roles(), now=now, until=end
        )
    tell({"grant": number}, as_json, [f"account {name} is {role}{'' if division is None else f' for {division}'}"])


@user_app.command()
def revoke(
    name: Name,
    grant: Annotated[int, typer.Option(help="Its number in `shijing user list --json`.")],
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take a role back."""
    from access.accounts import account, end_grant

    with connected(database, data) as connection:
        end_grant(connection, account(connection, name).id, grant, now=datetime.now(UTC))
    tell({"ended": grant}, as_json, [f"account {name} has the role no longer"])


@user_app.command()
def link(
    name: Name,
    minutes: Annotated[float, typer.Option(help="How long the link waits to be used.", min=0.1, max=10080)] = 15,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A link that signs in once, without a password."""
    from access.accounts import account
    from access.sessions import add_link

    with connected(database, data) as connection:
        found = account(connection, name)
        secret = add_link(connection, found.id, now=datetime.now(UTC), lasts_s=minutes * 60)
    tell(
        {"path": f"/link/{secret}"},
        as_json,
        [f"open /link/{secret} on the server's address within {minutes:g} min, and press the button there"],
    )


@user_app.command("person")
def link_person(
    name: Name,
    person: Annotated[
        str, typer.Option(help="Id, organisation/staff number, whole name or telephone; without it: nobody.")
    ] = "",
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Whom the account answers for at /worker; without --person for nobody any more."""
    from access.accounts import account
    from access.accounts import link_person as link
    from commands.people_options import staffed
    from people.persons import person_named

    with staffed(database, data, key=False) as (connection, vault):
        found = person_named(connection, vault, person) if person else None
        link(connection, account(connection, name).id, found)
    tell(
        {"account": name, "person": None if found is None else str(found)},
        as_json,
        [f"account {name} answers for {person if found else 'nobody any more'}"],
    )


@user_app.command()
def erase(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Erase an account for good: its name and all that it signs in with; what it did stays under its id."""
    from access.accounts import account
    from access.erasure import erase_account

    if not yes:
        typer.confirm(f"erase {name} for good?", abort=True)
    with connected(database, data) as connection:
        called = erase_account(connection, account(connection, name).id, now=datetime.now(UTC))
    tell({"erased": called}, as_json, [f"the account is erased; what it did is that of {called}"])


@user_app.command("reset-factor")
def reset_factor(name: Name, database: Database = None, data: Data = None, as_json: Json = False) -> None:
    """Turn the second factor off for whoever lost phone and recovery codes; every session ends."""
    from access.accounts import account
    from access.second_factor import remove
    from access.sessions import end_sessions

    with connected(database, data) as connection, connection.transaction():
        found = account(connection, name)
        remove(connection, found.id, now=datetime.now(UTC))
        end_sessions(connection, found.id, by=None)
    tell({"reset": name}, as_json, [f"account {name} has no second factor any more"])


@user_app.command("link-oidc")
def link_single_sign_on(
    name: Name,
    subject: Annotated[str, typer.Argument(help="The subject (`sub`) that the provider has for the person.")],
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let a person in by the single sign-on of SHIJING_OIDC_ISSUER as this account."""
    from access.accounts import account, link_oidc
    from access.oidc import subject_of
    from config.access_settings import OidcSettings

    issuer = OidcSettings().issuer
    if not issuer:
        raise typer.BadParameter("no provider is configured: set SHIJING_OIDC_ISSUER and SHIJING_OIDC_CLIENT_ID first")
    with connected(database, data) as connection:
        link_oidc(connection, account(connection, name).id, subject_of(issuer, subject))
    tell({"linked": name}, as_json, [f"account {name} is {subject} of {issuer}"])


def _password(path: Path | None) -> str | None:
    """From a file, or asked for twice; never from the command line, which others can read."""
    if path is not None:
        return None if str(path) == "-" else path.read_text(encoding="utf-8").rstrip("\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask for a password: give --password-file FILE (- : none)")
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise typer.BadParameter("the two are not the same")
    return first


def _kind(kind: str) -> Any:
    if kind not in ("person", "screen", "service"):
        raise typer.BadParameter(f"{kind!r} is no kind of account: person, screen or service")
    return kind


def _line(one: dict[str, Any]) -> str:
    held = [f"{grant['role']} ({grant['division'] or 'everywhere'})" for grant in one["grants"]]
    marks = [word for key, word in _MARKS.items() if one[key]]
    more = f" ({'; '.join(marks)})" if marks else ""
    return f"{one['name']:<24} {one['kind']:<8} {', '.join(held) or 'no role'}{more}"
