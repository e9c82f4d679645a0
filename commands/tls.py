"""`shijing tls`: a local certificate authority, and the certificates of the server and the broker."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Json, tell

if TYPE_CHECKING:
    from access.certificates import Certificate

tls_app = typer.Typer(help="A certificate authority for a local network (docs/tls.md).", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--folder", help="Where it is kept; default SHIJING_TLS_FOLDER.")]


class Purpose(StrEnum):
    """What a certificate is for; the name of its file."""

    SERVER = "server"
    BROKER = "broker"


@tls_app.command()
def init(
    organisation: Annotated[str, typer.Option("--name", help="Whose it is: phones show it.")] = "基层治理指挥中心",
    permit: Annotated[
        list[str] | None,
        typer.Option(help="A domain or network that it may sign, besides private addresses and .lan, .local …"),
    ] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Make the authority, once: its certificate goes onto every phone and desk, its key nowhere."""
    from access.authority import make_authority

    made = make_authority(_folder(folder), organisation=organisation, more=permit or [], now=datetime.now(UTC))
    tell(_figures(made), as_json, [*_lines(made), "next: shijing tls issue --ip ADDRESS (docs/tls.md)"])


@tls_app.command()
def issue(
    host: Annotated[list[str] | None, typer.Option(help="A name that the server is reached by.")] = None,
    ip: Annotated[list[str] | None, typer.Option(help="An address that the server is reached by.")] = None,
    purpose: Annotated[Purpose, typer.Option("--for", help="The web server, or the MQTT broker.")] = Purpose.SERVER,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a server's certificate, or renew it: for 397 days, taken over by a running server without a restart."""
    from access.authority import issue as sign

    made = sign(
        _folder(folder), hosts=host or [], addresses=ip or [], now=datetime.now(UTC), file=f"{purpose.value}.pem"
    )
    tell(_figures(made), as_json, _lines(made))


@tls_app.command()
def show(folder: Folder = None, as_json: Json = False) -> None:
    """The authority and its certificates: names, fingerprint, and how long each still holds."""
    from access.certificates import AUTHORITY, read_certificate

    place = _folder(folder)
    found = [read_certificate(place / AUTHORITY)]
    found += [read_certificate(path) for path in sorted(place.glob("*.pem"))]
    lines = [line for one in found for line in _lines(one)]
    tell({"folder": str(place), "certificates": [_figures(one) for one in found]}, as_json, lines)


def _folder(named: Path | None) -> Path:
    from config.access_settings import TlsSettings

    return named.expanduser().absolute() if named else TlsSettings().folder


def _figures(one: "Certificate") -> dict[str, Any]:
    return {
        "file": str(one.path),
        "subject": one.subject,
        "names": list(one.names),
        "begins": one.begins.isoformat(),
        "ends": one.ends.isoformat(),
        "days_left": int(one.days_left(datetime.now(UTC))),
        "sha256": one.fingerprint,
    }


def _lines(one: "Certificate") -> list[str]:
    from access.certificates import RENEW_DAYS

    left = one.days_left(datetime.now(UTC))
    late = " RENEW IT NOW with shijing tls issue" if left < RENEW_DAYS and one.path.suffix == ".pem" else ""
    return [
        f"{one.path}",
        f"  {one.subject}: {', '.join(one.names)}",
        f"  until {one.ends:%Y-%m-%d} ({int(left)} days){late}",
        f"  SHA-256 {one.fingerprint}",
    ]
