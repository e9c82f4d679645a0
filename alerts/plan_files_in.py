"""Plans from files: what each says, and what of it cannot be read, by line or by row. Nothing is judged here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from alerts.errors import EditedFileError
from alerts.plan_bodies import canonical
from alerts.plan_files import composed
from alerts.plan_files_out import OWN, FilePlan
from alerts.plan_findings import Words

MOST = 10_000  # plans of a file
_DEEPEST = 12  # lists in lists


@dataclass(frozen=True, kw_only=True)
class FileFault:
    """What of a file cannot be read."""

    where: str  # 任务!7, or line 12
    zh: str
    en: str

    def line(self) -> str:
        """For a command line."""
        return f"{self.where}: {self.en}" if self.where else self.en


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a file holds."""

    plans: list[FilePlan]
    faults: list[FileFault]


def read_yaml(name: str, raw: bytes) -> Read:
    """A file of YAML: a plan, or a list of them."""
    try:
        told, lines = composed(Path(name), raw)
    except EditedFileError as refused:
        return Read(plans=[], faults=[_fault(f"line {refused.line}", _not_yaml(refused))])
    except RecursionError:
        return Read(
            plans=[], faults=[_fault("", ("嵌套太深，不是预案文件", "it is nested too deeply: no file of plans"))]
        )
    entries = told if isinstance(told, list) else [told]
    plans: list[FilePlan] = []
    faults: list[FileFault] = []
    for number, entry in enumerate(entries[:MOST]):
        found = _plan(entry, f"line {lines(number)}")
        (faults if isinstance(found, FileFault) else plans).append(found)  # type: ignore[arg-type]
    if len(entries) > MOST:
        faults.append(_fault("", (f"超过 {MOST} 个预案，请拆分", f"more than {MOST} plans: split it")))
    return Read(plans=plans, faults=faults + doubled(plans))


def _not_yaml(refused: EditedFileError) -> Words:
    return f"不是合格的 YAML：{refused.reason}", f"{refused.reason}; {refused.mend}".rstrip("; ")


def _plan(entry: Any, where: str) -> FilePlan | FileFault:
    if not isinstance(entry, Mapping):
        return _fault(where, ("这里应是一个预案：id、name、trigger……", "here should be a plan: id, name, trigger …"))
    if _depth(entry) > _DEEPEST:
        return _fault(where, ("嵌套太深", "it is nested too deeply"))
    code = entry.get("id")
    if not isinstance(code, str) or not code.strip():
        return _fault(where, ("缺少编号 id", "it has no id"))
    try:
        revise_by = day_of(entry.get("revise_by"))
    except ValueError:
        return _fault(where, ("修订期限应写成 2029-11-26", "revise_by is written as 2029-11-26"))
    return FilePlan(
        code=code.strip(),
        division=_text(entry.get("division")),
        template=_text(entry.get("template")),
        is_template=entry.get("is_template") is True,
        revise_by=revise_by,
        note=_text(entry.get("note")),
        body=canonical({key: value for key, value in entry.items() if key not in OWN}),
        where=where,
    )


def _depth(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def day_of(value: Any) -> date | None:
    """A day of a file; raises ValueError for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    return date.fromisoformat(str(value).strip()[:10])


def doubled(plans: list[FilePlan]) -> list[FileFault]:
    """Plans of one division that are there twice."""
    met: set[tuple[str, str]] = set()
    faults = []
    for plan in plans:
        if (plan.code, plan.division) in met:
            faults.append(_fault(plan.where, (f"{plan.code} 出现两次", f"{plan.code} is there twice")))
        met.add((plan.code, plan.division))
    return faults


def _fault(where: str, told: Words) -> FileFault:
    return FileFault(where=where, zh=told[0], en=told[1])
