"""What the page of rule authors asks for: rules in words, a draft checked, tried, and put in force."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from fastapi import APIRouter, Response

from alerts.errors import RulesRefused
from alerts.registry_columns import NONE, Registry
from alerts.registry_columns import QUERIES as REGISTRY
from alerts.rule_drafts import Fault, changed_files, diff, faults_of, in_both, rules_of
from alerts.rule_fault_words import in_chinese
from alerts.rule_sets import (
    QUERIES,
    InForce,
    files_of,
    history,
    in_force,
    put_in_force,
    revert,
)
from alerts.rule_told import rules_in_words
from alerts.rule_trial_report import Trial, try_rules
from alerts.rules import AnyRule
from config.database import Connection
from web.answers import answers, takes
from web.api import as_json
from web.api_schema import DraftChecked, RulesTold, SetDiff, SetHistory, SetPut
from web.errors import AskedWrongError, BusyError
from web.guard import Body, read_body
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/rules", tags=["rules"])

_TRIAL = threading.Semaphore(1)  # a trial takes a core for seconds: the screens need the other one


class Draft(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule set as it differs from the one that it was made from."""

    base: int
    changes: dict[str, str | None]  # file name → its new text; null: taken out


class TrialAsked(Draft, kw_only=True, forbid_unknown_fields=True):
    """A draft to try; `begin` and `end` with their offset."""

    rules: list[str]
    begin: datetime
    end: datetime
    divisions: list[int] = []


class PutAsked(Draft, kw_only=True, forbid_unknown_fields=True):
    """A draft to put in force."""

    note: str


class RevertAsked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An earlier set to put in force again."""

    base: int
    set: int
    note: str


@router.get("", responses=answers(RulesTold), dependencies=[needs("rules.read")])
def rules(view: ViewOf) -> Response:
    """The rules in force in words, with what each judges, and their texts."""
    with view.connection() as connection:
        now = in_force(connection)
        first, last = _span(connection)
        registry = view.parts.registry.read(connection, view.scope)
        told = {
            "set": _set(now),
            "trouble": now.trouble,
            "trouble_zh": in_chinese(now.trouble),
            "read_only": _why_not(view),
            "rules": rules_in_words(connection, now.rules, registry=registry),
            "files": now.files,
            "stored": {"first": first, "last": last},
            "places": _places(connection, registry),
        }
    return as_json(told)


@router.post("/check", responses=answers(DraftChecked), openapi_extra=takes(Draft), dependencies=[needs("rules.try")])
def check(view: ViewOf, body: Body) -> Response:
    """What is wrong with a draft, what it changes, and what the changed rules say."""
    draft = read_body(body, Draft)
    with view.connection() as connection:
        before = in_force(connection)
        files = changed_files(_base(connection, before, draft), draft.changes)
        faults = faults_of(files)
        sound = [] if faults else [rule for rule in _rules(files) if f"{rule.id}.toml" in draft.changes]
        told = _in_words(view, connection, _rules(files), {rule.id for rule in sound}) if sound else []
    return as_json(
        {"faults": [in_both(one) for one in faults], "diff": diff(before.files, files), "rules": told, "now": before.id}
    )


@router.post("/try", responses=answers(Trial), openapi_extra=takes(TrialAsked), dependencies=[needs("rules.try")])
def try_(view: ViewOf, body: Body) -> Response:
    """Both the rules in force and a draft over stored readings."""
    asked = read_body(body, TrialAsked)
    if asked.begin.tzinfo is None or asked.end.tzinfo is None or asked.begin >= asked.end:
        raise AskedWrongError("begin and end are times with an offset, and begin is the earlier one")
    with one_trial_at_a_time(), view.connection() as connection:
        before = in_force(connection)
        files = changed_files(_base(connection, before, asked), asked.changes)
        trial = try_rules(
            connection,
            before.rules,
            _rules(files),
            rule_ids=set(asked.rules),
            begin=asked.begin,
            end=asked.end,
            divisions=set(asked.divisions),
        )
    return as_json(trial)


@router.post(
    "/put",
    responses=answers(SetPut, 409),
    openapi_extra=takes(PutAsked),
    dependencies=[needs("rules.put", everywhere=True)],
)
def put(view: ViewOf, body: Body) -> Response:
    """Put a draft in force."""
    asked = read_body(body, PutAsked)
    with view.acting() as connection:
        files = changed_files(files_of(connection, asked.base), asked.changes)
        number = put_in_force(connection, files, author=view.viewer.account_id, note=asked.note, base=asked.base)
    return as_json({"set": number})


@router.post(
    "/revert",
    responses=answers(SetPut, 409),
    openapi_extra=takes(RevertAsked),
    dependencies=[needs("rules.put", everywhere=True)],
)
def revert_(view: ViewOf, body: Body) -> Response:
    """Put an earlier set in force again."""
    asked = read_body(body, RevertAsked)
    with view.acting() as connection:
        number = revert(connection, asked.set, author=view.viewer.account_id, note=asked.note, base=asked.base)
    return as_json({"set": number})


@router.get("/history", responses=answers(SetHistory), dependencies=[needs("rules.read")])
def versions(view: ViewOf) -> Response:
    """The sets that were put in force, newest first."""
    with view.connection() as connection:
        now = in_force(connection)
        return as_json({"now": now.id, "sets": history(connection)})


@router.get("/sets/{number}", responses=answers(SetDiff), dependencies=[needs("rules.read")])
def one_set(number: int, view: ViewOf) -> Response:
    """What an earlier set (0: the shipped files) would change of what is in force."""
    with view.connection() as connection:
        files = files_of(connection, number)
        return as_json({"set": number, "diff": diff(in_force(connection).files, files)})


def _why_not(view: View) -> str:
    """Why the viewer may put nothing in force; empty where they may."""
    if view.viewer.scope("rules.put", view.parts.roles).everywhere:
        return ""
    return "your account may read the rules, and not put any in force"


@contextmanager
def one_trial_at_a_time() -> Iterator[None]:
    """Raises BusyError where another is under way."""
    if not _TRIAL.acquire(blocking=False):
        raise BusyError("another trial is under way: try again in a moment")
    try:
        yield
    finally:
        _TRIAL.release()


def _base(connection: Connection, before: InForce, draft: Draft) -> Mapping[str, str]:
    return before.files if before.id == draft.base else files_of(connection, draft.base)


def _rules(files: Mapping[str, str]) -> Sequence[AnyRule]:
    found = rules_of(files)
    if isinstance(found, Fault):
        raise RulesRefused([found])
    return found


def _span(connection: Connection) -> tuple[datetime | None, datetime | None]:
    row = connection.execute(QUERIES["stored_span"]).fetchone()
    return row if row else (None, None)


def _set(now: InForce) -> dict[str, Any]:
    if now.stored is None:
        return {"id": now.id, "origin": "shipped", "rules": len(now.files)}
    return {name: value for name, value in asdict(now.stored).items() if name != "files"}


def _in_words(view: View, connection: Connection, rules: Sequence[AnyRule], ids: set[str]) -> list[dict[str, Any]]:
    return rules_in_words(connection, rules, ids, registry=view.parts.registry.read(connection, view.scope))


def _places(connection: Connection, registry: Registry) -> list[dict[str, Any]]:
    """Districts and their townships that have sensors, for the choice of a trial."""
    townships, counts = np.unique(registry.level("township"), return_counts=True)
    sensors = dict(zip(townships.tolist(), counts.tolist(), strict=True))
    values = {"divisions": [one for one in sensors if one != NONE]}
    found: dict[int | None, dict[str, Any]] = {}
    for township, name, district, district_name in connection.execute(REGISTRY["townships"], values):
        place = found.setdefault(district, {"id": district, "name": district_name or "", "sensors": 0, "townships": []})
        place["sensors"] += sensors[township]
        place["townships"].append({"id": township, "name": name, "sensors": sensors[township]})
    return list(found.values())
