"""`shijing vault`: the keys that encrypt fields of people and seal the audit trail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.options import Data, Database, Json, place_of, tell

vault_app = typer.Typer(help="The keys of personal fields and seals; they are in no database.", no_args_is_help=True)


@vault_app.command("new")
def vault_new(file: Annotated[Path, typer.Argument(help="Where; a folder that is not there is made.")]) -> None:
    """Make a key file for a database that is named; a data folder makes its own. Then back it up."""
    from access.errors import VaultError
    from access.key_file import make_key_file

    if not make_key_file(file, now=datetime.now(UTC)):
        raise VaultError(f"{file} is there already and stays as it is: `shijing vault rotate` adds a key to it")
    typer.echo(f"{file} is made: set SHIJING_ACCESS_KEY_FILE={file.resolve()}, and keep a copy of it elsewhere")


@vault_app.command("show")
def vault_show(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Where the keys are, and their ids, oldest first; never the keys."""
    from commands.servers import vault as vault_of

    vault = vault_of(place_of(database, data))
    told = {"file": str(vault.path), "seals": str(vault.seals_file), "keys": vault.key_ids}
    tell(told, as_json, [f"{vault.path}: {', '.join(vault.key_ids)} (the last one encrypts)"])


@vault_app.command("rotate")
def vault_rotate(
    finish: Annotated[
        bool, typer.Option("--finish", help="No new key: finish a rotation that was broken off.")
    ] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Add a key and encrypt every personal field anew; whatever runs goes on and takes the new key up by itself."""
    from commands.servers import database as database_of
    from commands.servers import vault as vault_of
    from commands.vault_rotation import rotate

    place = place_of(database, data)
    with database_of(place) as url:
        told = rotate(url, vault_of(place), new_key=not finish)
    tell(
        told, as_json, [f"{told['fields']} fields are encrypted anew with the key {told['key']}: back the file up now"]
    )
