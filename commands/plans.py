"""`shijing plan`: the library of plans, listed, checked, brought in and out as files, published, withdrawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Data, Database, Json, place_of, tell
from commands.people_options import moment

if TYPE_CHECKING:
    from alerts.plan_findings import Finding
    from alerts.plan_surroundings import Surroundings
    from config.database import Connection

plan_app = typer.Typer(help="The library of emergency plans.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="The plan's code, such as FLD-02.")]
Division = Annotated[str | None, typer.Option(help="Whose it is: code or name; without, the city's.")]
Within = Annotated[str | None, typer.Option("--division", help="Of this division and all in it: code or name.")]


@contextmanager
def _library(database: str | None, data: Path | None) -> "Iterator[Connection]":
    from commands.servers import opened

    with opened(place_of(database, data), "plans") as connection:
        yield connection


def _around(connection: "Connection") -> "Surroundings":
    from alerts.plan_surroundings import surroundings
    from alerts.rule_sets import in_force

    return surroundings(in_force(connection).rules)


def _division(connection: "Connection", named: str | None, at: datetime) -> int | None:
    from access.accounts import division_named

    return None if named is None else division_named(connection, named, now=at)


def _plan_id(connection: "Connection", code: str, named: str | None, at: datetime) -> int:
    from alerts.errors import PlanUnknown
    from alerts.plan_listing import plan_named

    found = plan_named(connection, code, _division(connection, named, at))
    if found is None:
        raise PlanUnknown(f"the library has no plan {code} of {named or 'the city'}: see `shijing plan list`")
    return found


@plan_app.command("list")
def list_(
    division: Within = None,
    state: Annotated[str, typer.Option(help="draft, in_force, to_come, over or withdrawn.")] = "",
    due: Annotated[bool, typer.Option("--due", help="Those alone that have to be revised by now.")] = False,
    q: Annotated[str, typer.Option("--search", help="In code, name or division.")] = "",
    most: Annotated[int, typer.Option(min=1, max=100_000)] = 1000,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The plans of the library, and those that came with the program."""
    from alerts.plan_library import shipped_plans
    from alerts.plan_listing import Asked, listed
    from config.logs import BEIJING

    at = moment(None)
    with _library(database, data) as connection:
        asked = Asked(
            at=at, within=_division(connection, division, at), q=q, state=state,
            due_by=at.astimezone(BEIJING).date() if due else None, most=most,
        )  # fmt: skip
        found = listed(connection, asked)
    rows: list[dict[str, Any]] = [
        {
            "id": one.id, "code": one.code, "name": one.name, "division": one.division_code, "state": one.stands,
            "draft": one.draft_id is not None, "version": one.number, "revise_by": one.revise_by,
            "template": one.is_template,
        }
        for one in found
    ]  # fmt: skip
    files = [{"code": plan.id, "name": plan.name} for plan in shipped_plans()]
    lines = [
        f"{row['code']:<14} {row['division'] or '(city)':<10} {row['state']:<9} {row['version'] or '-'!s:>3} "
        f"{row['revise_by'] or '-'!s:<10} {row['name'] or ''}"
        for row in rows
    ]
    lines += [f"{one['code']:<14} {'(file)':<10} {'in_force':<9}   -            {one['name']}" for one in files]
    tell({"plans": rows, "shipped": files}, as_json, lines)


@plan_app.command()
def lint(
    target: Annotated[
        str | None, typer.Argument(help="A plan's code, or a file; without, all that is published or drafted.")
    ] = None,
    division: Division = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """What is wrong with plans: where, what, how to mend it. Ends with 1 where an error is among it."""
    at = moment(None)
    found: dict[str, list[Finding]] = {}
    if target is not None and (path := Path(target)).is_file():
        found = _lint_file(path)
    else:
        with _library(database, data) as connection:
            found = _lint_library(connection, target, division, at)
    told = {name: [one.as_dict() for one in findings] for name, findings in found.items()}
    lines = [f"{name}: {one.line()}" for name, findings in found.items() for one in findings]
    tell({"findings": told}, as_json, lines or [f"{len(found)} plans, nothing found"])
    if any(one.severity == "error" for findings in found.values() for one in findings):
        raise typer.Exit(1)


def _lint_file(path: Path) -> "dict[str, list[Finding]]":
    """By itself, beside the rules that came with the program; what inherits is judged where its template is."""
    from alerts.plan_import import read_file
    from alerts.plan_inherit import inherited
    from alerts.plan_library import shipped
    from alerts.plan_lint import lint as judge
    from alerts.plan_surroundings import surroundings
    from alerts.plans import body_of_plan
    from alerts.rules import load_rules
    from config.settings import CONFIG

    around = surroundings(load_rules(CONFIG / "rules"))
    read = read_file(path.name, _read(path))
    if read.faults:
        raise typer.BadParameter("; ".join(fault.line() for fault in read.faults))
    own = {plan.code: plan.body for plan in read.plans if not plan.template}
    found = {}
    for plan in read.plans:
        above = shipped(plan.template) if plan.template else None
        template = own.get(plan.template) or (body_of_plan(above) if above else {})
        found[f"{plan.code} {plan.division}".strip()] = judge(
            {**inherited(template, plan.body), "id": plan.code}, around
        )
    return found


def _lint_library(
    connection: "Connection", code: str | None, named: str | None, at: datetime
) -> "dict[str, list[Finding]]":
    from alerts.plan_listing import Asked, listed
    from alerts.plan_store import judged

    around = _around(connection)
    where = _division(connection, named, at)
    plans = listed(connection, Asked(at=at, within=where, most=100_000))
    found = {}
    for plan in plans:
        if code in (None, plan.code) and plan.stands not in ("withdrawn", "over"):
            own, template = plan.shown()
            row = {"id": plan.id, "code": plan.code, "division_id": plan.division_id}
            found[f"{plan.code} {plan.division_code or ''}".strip()] = judged(
                connection, row, own, template, at, around
            )
    return found


@plan_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An .xlsx, or YAML.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write them as drafts; without, it is a preview.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Preview the plans of a file; with --apply write them as drafts, all of them or none."""
    from access.scope import EVERYWHERE
    from alerts.plan_import import Asked, import_file

    raw = _read(file)
    with _library(database, data) as connection:
        asked = Asked(scope=EVERYWHERE, actor=None, at=moment(None), around=_around(connection), apply=apply)
        report = import_file(connection, file.name, raw, asked)
    tell(report.as_dict(), as_json, report.lines())
    if report.faults:
        raise typer.Exit(1)


@plan_app.command("export")
def export_(
    out: Annotated[Path, typer.Argument(help="Where to write: .xlsx or .yaml.")],
    code: Annotated[str | None, typer.Argument(help="One plan; without, all of the division.")] = None,
    division: Division = None,
    drafts: Annotated[bool, typer.Option("--drafts", help="Drafts, where there are any.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Write plans to a file that, imported again, changes nothing."""
    from alerts.plan_export import export, file_plans
    from alerts.plan_listing import Asked, listed

    if out.suffix.lower() not in (".xlsx", ".yaml", ".yml"):
        raise typer.BadParameter(f"{out} is neither .xlsx nor .yaml: name it so")
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} is there already: name another file, or add --force")
    at = moment(None)
    with _library(database, data) as connection:
        if code is None:
            asked = Asked(at=at, within=_division(connection, division, at), most=100_000)
            ids = [one.id for one in listed(connection, asked)]
        else:
            ids = [_plan_id(connection, code, division, at)]
        plans = file_plans(connection, ids, at, drafts=drafts)
    try:
        out.write_bytes(export(plans, as_yaml=out.suffix.lower() != ".xlsx"))
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"{len(plans)} plans are written to {out}", err=True)


@plan_app.command()
def publish(
    code: Code,
    division: Division = None,
    since: Annotated[str | None, typer.Option(help="From when on, as 2026-12-01T00:00:00+08:00; without, now.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Until when; without, until another version or its withdrawal.")
    ] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put a plan's draft in force; refused where the linter finds an error."""
    from alerts.plan_store import Term, Writer
    from alerts.plan_store import publish as put
    from commands.options import moment_of

    at = moment(None)
    with _library(database, data) as connection:
        plan_id = _plan_id(connection, code, division, at)
        term = Term(since=moment(since) if since else at, until=moment_of(until))
        number = put(connection, plan_id, term, Writer(actor=None, at=at), _around(connection))
    tell({"plan": plan_id, "version": number}, as_json, [f"version {number} of {code} is in force from {term.since}"])


@plan_app.command()
def withdraw(
    code: Code,
    why: Annotated[str, typer.Option(help="Kept with the version.")],
    division: Division = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """A plan is in force no longer; runs that are open go on."""
    from alerts.plan_store import Writer
    from alerts.plan_store import withdraw as take_back

    at = moment(None)
    with _library(database, data) as connection:
        plan_id = _plan_id(connection, code, division, at)
        count = take_back(connection, plan_id, why, Writer(actor=None, at=at))
    tell({"plan": plan_id, "versions": count}, as_json, [f"{code} is withdrawn"])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
