"""`shijing rules`: the rules in force, checked, compared, put in force, and taken back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from alerts.rule_drafts import FileDiff
    from alerts.rule_sets import Version
    from config.database import Connection

rules_app = typer.Typer(help="The rules that judge: read, check, compare, put in force.", no_args_is_help=True)

Author = Annotated[str, typer.Option(help="Who you are; kept with the version.")]
Language = Annotated[str, typer.Option("--language", help="Of the sentences: zh or en.")]
Side = "a folder, a version's number (0: the shipped files), or in-force"


@rules_app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A folder of rule files, or one file by itself.")], as_json: Json = False
) -> None:
    """Say of every file that does not hold together where and why; needs no database."""
    from alerts.rule_drafts import fault_of_file, faults_of, read_files

    faults = faults_of(read_files(path)) if path.is_dir() else [one for one in [fault_of_file(path)] if one]
    tell({"faults": [asdict(fault) for fault in faults]}, as_json, [str(fault) for fault in faults] or ["sound"])
    if faults:
        raise typer.Exit(1)


@rules_app.command("list")
def list_(language: Language = "zh", as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """The rules in force: number, what they are called, kind, how many subjects each judges."""
    with _connected(database, data) as connection:
        told = _in_words(connection)
    _check_language(language)
    tell(told, as_json, [told["in_force"], *(_line(rule, language) for rule in told["rules"])])


@rules_app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Such as river-stage.")],
    language: Language = "zh",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """One rule in words, whom it judges and what it refuses, and the text of its file."""
    with _connected(database, data) as connection:
        told = _in_words(connection, rule_id)
    _check_language(language)
    tell(told, as_json, [*_sentences(told["rule"], language), "", told["text"]])


@rules_app.command()
def put(
    folder: Annotated[Path, typer.Argument(help="Every rule file of the set; what is not in it is taken out.")],
    author: Author,
    note: Annotated[str, typer.Option(help="What was changed, and why; kept with the version.")],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put a folder of rules in force; running pipelines take it over without a restart."""
    from alerts.rule_drafts import diff, read_files
    from alerts.rule_sets import in_force, put_in_force

    with _connected(database, data) as connection:
        files = read_files(folder)
        changes = diff(in_force(connection).files, files)
        number = put_in_force(connection, files, author=author, note=note)
    _tell_put(number, changes, as_json)


@rules_app.command()
def revert(
    number: Annotated[int, typer.Argument(metavar="N", help="Of the version, as history tells; 0: the shipped files.")],
    author: Author,
    note: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put an earlier version in force again, as a new version."""
    from alerts.rule_sets import compared
    from alerts.rule_sets import revert as put_back

    with _connected(database, data) as connection:
        changes = compared(connection, None, number)
        put_number = put_back(connection, number, author=author, note=note)
    _tell_put(put_number, changes, as_json)


@rules_app.command()
def history(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """The versions that were put in force, newest first: when, by whom, why."""
    from alerts.rule_sets import history as versions
    from alerts.rule_sets import in_force

    with _connected(database, data) as connection:
        now, found = in_force(connection), versions(connection)
    told = {"in_force": now.id, "trouble": now.trouble, "versions": [_version(one) for one in found]}
    lines = [_version_line(one, now.id) for one in found] or ["nothing was changed: the shipped files are in force"]
    tell(told, as_json, [*([now.trouble] if now.trouble else []), *lines])


@rules_app.command("diff")
def diff_(
    before: Annotated[str, typer.Argument(help=f"{Side}.")] = "0",
    after: Annotated[str, typer.Argument(help=f"{Side}.")] = "in-force",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """What differs between two sets; by default what was changed of the shipped files."""
    from alerts.rule_drafts import diff

    with _connected(database, data) as connection:
        changes = diff(_side(connection, before), _side(connection, after))
    tell({"diff": [asdict(change) for change in changes]}, as_json, _diff_lines(changes) or ["nothing differs"])


@contextmanager
def _connected(database: str | None, data: Path | None) -> "Iterator[Connection]":
    from commands.servers import database as database_of
    from config.database import connect

    with database_of(place_of(database, data)) as url, connect(url, "rules", autocommit=True) as connection:
        yield connection


def _in_words(connection: "Connection", rule_id: str | None = None) -> dict[str, Any]:
    """All rules, or one with its text; raises AlertsError for no such rule."""
    from alerts.errors import AlertsError
    from alerts.rule_sets import in_force
    from alerts.rule_told import rules_in_words

    now = in_force(connection)
    rules = rules_in_words(connection, now.rules, None if rule_id is None else {rule_id})
    plain = json.loads(json.dumps(rules, default=asdict))
    if rule_id is None:
        which = f"version {now.id} is in force" if now.stored else "the shipped files are in force"
        return {"in_force": now.trouble or which, "set": now.id, "rules": plain}
    if not plain:
        raise AlertsError(f"no rule in force is called {rule_id!r}: shijing rules list names them")
    return {"set": now.id, "rule": plain[0], "text": now.files[f"{rule_id}.toml"]}


def _check_language(language: str) -> None:
    if language not in {"zh", "en"}:
        raise typer.BadParameter(f"{language!r}: the sentences are in zh or en")


def _line(rule: dict[str, Any], language: str) -> str:
    judged = ", ".join(f"{count} {kind}s" for kind, count in rule["scope"]["subjects"].items()) or "nothing"
    refused = sum(one["count"] for one in rule["scope"]["refused"])
    more = f", refuses {refused}" if refused else ""
    return f"{rule['number']:>3}  {rule['id']:<24} {rule['kind']:<10} {rule['label'][language]}: judges {judged}{more}"


def _sentences(rule: dict[str, Any], language: str) -> list[str]:
    said = rule["said"][language]
    refused = [
        f"refuses {one['count']}: {one['reason']} ({', '.join(one['sensors'])})" for one in rule["scope"]["refused"]
    ]
    return [
        _line(rule, language),
        *(f"  {grade}: {told}" for grade, told in said["levels"].items()),
        *(f"  {told}" for told in [said["terms"], *said["overrides"], *refused] if told),
    ]


def _side(connection: "Connection", named: str) -> dict[str, str]:
    from alerts.rule_drafts import read_files
    from alerts.rule_sets import files_of, in_force

    if named == "in-force":
        return in_force(connection).files
    return files_of(connection, int(named)) if named.isdigit() else read_files(Path(named))


def _tell_put(number: int, changes: "list[FileDiff]", as_json: bool) -> None:
    lines = [*_diff_lines(changes), f"version {number} is in force"]
    tell({"set": number, "diff": [asdict(change) for change in changes]}, as_json, lines)


def _diff_lines(changes: "list[FileDiff]") -> list[str]:
    return [line for change in changes for line in (f"{change.file}: {change.change}", *change.lines)]


def _version(one: "Version") -> dict[str, Any]:
    return asdict(one) | {"put_in_force_at": one.put_in_force_at.isoformat()}


def _version_line(one: "Version", now: int) -> str:
    from config.logs import BEIJING

    when = one.put_in_force_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    mark = "*" if one.id == now else " "
    return f"{mark}{one.id:>4}  {when}  {one.rules:>3} rules  {one.author or one.origin}  {one.note}"
