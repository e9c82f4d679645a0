"""`shijing run report`, `reviews` and `forget`: what is drawn from the records of runs, and what of them is deleted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands.options import Data, Database, Json, tell
from commands.people_options import names_of, staffed

if TYPE_CHECKING:
    from access.vault import Vault
    from config.database import Connection
    from dispatch.paper import Paper

Number = Annotated[int, typer.Argument(help="The run's number.")]
Out = Annotated[Path | None, typer.Option(help="Write it there.")]


def register_papers(runs: typer.Typer) -> None:
    """Give the group of runs its commands about papers."""
    for name, command in (("report", _report), ("reviews", _reviews), ("forget", _forget)):
        runs.command(name)(command)


def _report(
    run: Number,
    pdf: Out = None,
    docx: Out = None,
    html: Out = None,
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Its language.")] = "zh",
    names: Annotated[
        bool, typer.Option("--names", help="With the names of people: that they were read is in the audit trail.")
    ] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The report of a run as files: PDF, Word or HTML. What people wrote in their own words is not in it."""
    if pdf is None and docx is None and html is None:
        raise typer.BadParameter("say what is to be written: --pdf FILE, --docx FILE or --html FILE")
    with staffed(database, data, key=names) as (connection, vault):
        paper = _paper(connection, vault if names else None, run, lang)
    for file, form in ((pdf, "pdf"), (docx, "docx"), (html, "html")):
        if file is not None:
            file.write_bytes(_made(paper, form))
            typer.echo(f"run {run}: {file}")


def _reviews(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Runs that are over and not reviewed, the longest overdue first."""
    from dispatch.clock import now_of
    from dispatch.paper import day_and_hour
    from dispatch.review import reviews_due

    with staffed(database, data, key=False) as (connection, _):
        due, now = reviews_due(connection), now_of(connection)
    told = [{**vars(one), "overdue": one.review_due_at < now} for one in due]
    lines = [
        f"run {one.id}  {one.plan_id} {one.name}  due {day_and_hour(one.review_due_at)}"
        f"{'  overdue' if one.review_due_at < now else ''}"
        for one in due
    ]
    tell({"reviews": told}, as_json, lines or ["no review is due"])


def _forget(
    run: Annotated[int | None, typer.Argument(help="Only this run; without it all whose term is over.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Delete nothing: hold what stays of the run against its proof.")
    ] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Delete the personal data of runs whose term is over; exit status 2 where something is left, or does not hold."""
    from config.access_settings import AccessSettings
    from dispatch.forget import forget_runs

    with staffed(database, data, key=False) as (connection, _):
        if check:
            _check(connection, run, as_json)
        days = AccessSettings().forget_runs_d
        done = forget_runs(connection, now=datetime.now(UTC), default_days=days, run_id=run)
    lines = [
        f"run {one.run_id}, over for {one.days} days: {one.attachments} attachments deleted, {sum(one.counts.values())}"
        f" rows emptied, audit entry {one.audit_seq}{'; SOMETHING IS LEFT' if one.left else ''}"
        for one in done
    ]
    tell({"forgotten": [one.as_dict() for one in done]}, as_json, lines or ["nothing is due"])
    raise typer.Exit(2 if any(one.left for one in done) else 0)


def _check(connection: "Connection", run: int | None, as_json: bool) -> None:
    from dispatch.forget import holds

    if run is None:
        raise typer.BadParameter("name the run that is to be checked: shijing run forget 12 --check")
    held = holds(connection, run)
    if held is None:
        raise typer.BadParameter(f"run {run} was not forgotten, so there is no proof of it")
    words = "is what stayed when it was forgotten" if held.holds else "IS NOT what stayed when it was forgotten"
    tell(vars(held), as_json, [f"run {run}: what is stored {words} (audit entry {held.audit_seq})"])
    raise typer.Exit(0 if held.holds else 2)


def _paper(connection: "Connection", vault: "Vault | None", run: int, language: Literal["zh", "en"]) -> "Paper":
    from access.accounts import names_of as account_names
    from access.places import place_names
    from alerts.out_words import RuleBook
    from dispatch.account_reading import read_account
    from dispatch.clock import now_of
    from dispatch.paper import Telling
    from dispatch.paper_writing import write_paper

    account = read_account(connection, run, at=now_of(connection))
    if account is None:
        raise typer.BadParameter(f"there is no run {run}")
    rules = RuleBook().words(connection)
    telling = Telling(
        language=language,
        places=place_names(connection, account.places(), now=datetime.now(UTC)),
        people=names_of(connection, vault, account.people()),
        accounts=account_names(connection, account.actors()) if vault is not None else {},
        rule=lambda rule_id: rules(rule_id).label_zh if language == "zh" else rules(rule_id).label_en,
        privacy=account.run.plan.get("privacy") or {},
        township_id=account.run.township_id,
    )
    return write_paper(account, telling, at=datetime.now(UTC))


def _made(paper: "Paper", form: str) -> bytes:
    from dispatch.paper_word import word_file
    from web.run_report_pdf import report_html, report_pdf

    if form == "docx":
        return word_file(paper)
    return report_pdf(paper) if form == "pdf" else report_html(paper).encode()
