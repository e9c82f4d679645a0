"""`shijing alert shelve`, `maintain`, `unshelve`, `report`: put aside, and bring in what no sensor sees."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.alert_base import Note, Who, connected, moment_at, run_aside
from commands.options import Data, Database, Json, tell

if TYPE_CHECKING:
    from config.database import Connection

Why = Annotated[str, typer.Option("--reason", help="Why it is put aside: others have to know what they do not see.")]
_TIME = "ISO 8601 (without an offset Beijing time), or a stretch from now: 90m, 12h, 3d."


def shelve(
    *,
    until: Annotated[str, typer.Option(help=_TIME)],
    reason: Why,
    alert: Annotated[
        int | None, typer.Argument(help="The alert's number; none: a --rule, a --subject or both.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Id of a rule.")] = None,
    subject: Annotated[str | None, typer.Option(help="Name of a sensor, device or gateway.")] = None,
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put aside an alert, a rule or a subject: it is recorded as ever, and starts no plan until then."""
    from alerts.alert_list import subject_of
    from alerts.suppress import shelve as put_aside

    def act(connection: "Connection", actor: Any) -> int:
        what = None if subject is None else subject_of(connection, subject)
        end = moment_at(connection, until)
        return put_aside(connection, alert_id=alert, rule_id=rule, subject=what, until=end, reason=reason, actor=actor)

    run_aside(act, who, as_json, database, data)


def maintain(
    *,
    ends: Annotated[str, typer.Option("--until", help=_TIME)],
    reason: Why,
    begins: Annotated[str | None, typer.Option("--from", help=f"None: now. {_TIME}")] = None,
    subject: Annotated[str | None, typer.Option(help="Name of a sensor, device or gateway.")] = None,
    division: Annotated[str | None, typer.Option(help="Code of a division.")] = None,
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """A maintenance window of a sensor, a device, a gateway with all behind it, or a whole division."""
    from alerts.acts import now
    from alerts.alert_list import division_of, subject_of
    from alerts.suppress import maintain as put_aside

    def act(connection: "Connection", actor: Any) -> int:
        return put_aside(
            connection,
            subject=None if subject is None else subject_of(connection, subject),
            division_id=None if division is None else division_of(connection, division, now(connection)),
            begins=None if begins is None else moment_at(connection, begins),
            ends=moment_at(connection, ends),
            reason=reason,
            actor=actor,
        )

    run_aside(act, who, as_json, database, data)


def unshelve(
    suppression: Annotated[int, typer.Argument(help="Number of the shelf or window, as the list shows it.")],
    *,
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """End a shelf or a maintenance window now; the pipeline then does what was held back."""
    from alerts.actors import actor_of
    from alerts.suppress import end

    with connected(database, data) as connection:
        end(connection, suppression, actor=actor_of(connection, who or getpass.getuser()))
    tell({"ended": suppression}, as_json, [f"suppression {suppression} is over"])


def report(
    title: Annotated[str, typer.Argument(help="What is seen; the very words of a plan's `report:` start that plan.")],
    *,
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")],
    division: Annotated[str | None, typer.Option(help="Code of a township, village or grid.")] = None,
    lon: Annotated[float | None, typer.Option(help="Longitude, degrees CGCS2000.")] = None,
    lat: Annotated[float | None, typer.Option(help="Latitude, degrees CGCS2000.")] = None,
    family: Annotated[str, typer.Option(help="What incident it may be part of: flood, fire, gas …")] = "",
    note: Note = "",
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Open an alert of what a person sees."""
    from alerts.actors import actor_of
    from alerts.plan_library import plans_in_force
    from alerts.reports import Report
    from alerts.reports import report as open_report
    from alerts.rule_sets import rules_in_force

    what = Report(title=title, level=level, family=family, lon=lon, lat=lat, division=division, note=note)
    with connected(database, data) as connection:
        number = open_report(
            connection,
            what,
            actor=actor_of(connection, who or getpass.getuser()),
            rules=rules_in_force(connection),
            plans=plans_in_force(connection),
        )
    tell({"alert_id": number}, as_json, [f"alert {number} is open"])
