"""Sets of rule files as texts, before they are in force: read, checked, compared."""

import difflib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from alerts.errors import AlertsError, EditedFileError
from alerts.rule_fault_words import in_chinese
from alerts.rules import AnyRule, load_rule, load_rules
from config.settings import CONFIG

Files = Mapping[str, str]  # file name → text

SHIPPED = CONFIG / "rules"
FILES_AT_MOST = 500
FILE_AT_MOST = 65_536  # characters
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.toml")
# What a parser raises on texts that nobody would write; each is a fault of the text all the same.
_ODD = (ValueError, ArithmeticError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Where a set does not hold together, why, and what to write instead."""

    file: str  # empty: the set as a whole
    line: int  # from 1; 0: no line in particular
    reason: str
    mend: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.reason}" + (f"; {self.mend}" if self.mend else "")


def in_both(fault: Fault) -> dict[str, str | int | None]:
    """A fault for a page: reason and remedy in English and in Chinese."""
    return {**asdict(fault), "reason_zh": in_chinese(fault.reason), "mend_zh": in_chinese(fault.mend)}


@dataclass(frozen=True, kw_only=True)
class FileDiff:
    """What was changed in one file: lines of a unified diff without its two head lines."""

    file: str
    change: str  # added, removed, changed
    lines: tuple[str, ...]


def read_files(folder: Path) -> dict[str, str]:
    """The texts of a folder's rule files; raises AlertsError where there are none, EditedFileError for no UTF-8."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise AlertsError(f"no rule files (*.toml) in {folder}: name the folder that holds them")
    return {path.name: read_text(path) for path in paths}


def read_text(path: Path) -> str:
    """The text of one file; raises EditedFileError."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise EditedFileError(path, line, "not UTF-8", "save the file as UTF-8") from error


def rules_of(files: Files) -> tuple[AnyRule, ...] | Fault:
    """The rules of a set, or its first fault; remembered, for a stored set is asked after again and again."""
    return _rules_of(tuple(sorted(files.items())))


@lru_cache(maxsize=8)
def _rules_of(files: tuple[tuple[str, str], ...]) -> tuple[AnyRule, ...] | Fault:
    with _written(dict(files)) as folder:
        try:
            return tuple(load_rules(Path(folder)))
        except EditedFileError as error:
            return _fault(error)
        except (AlertsError, *_ODD) as error:
            return Fault(file="", line=0, reason=_without(folder, str(error)))


def faults_of(files: Files) -> list[Fault]:
    """The first fault of every file; of the set as a whole where each file is sound. Empty: it may be put in force."""
    found = _outer_faults(files)
    if not found:
        with _written(files) as folder:
            found = [fault for name in sorted(files) if (fault := _fault_of(Path(folder) / name))]
    if not found and isinstance(whole := rules_of(files), Fault):
        found = [whole]
    return found


def fault_of_file(path: Path) -> Fault | None:
    """What is wrong with one file by itself; None: nothing, though a set may still lack what it needs of others."""
    return _fault_of(path)


def _outer_faults(files: Files) -> list[Fault]:
    """Of what can be told without reading a file."""
    if not files:
        return [Fault(file="", line=0, reason="a set without a rule judges nothing", mend="keep at least one file")]
    if len(files) > FILES_AT_MOST:
        return [Fault(file="", line=0, reason=f"{len(files)} files are more than {FILES_AT_MOST}")]
    named = [
        Fault(file=name, line=0, reason="no name of a rule file", mend="write it like: river-stage.toml")
        for name in sorted(files)
        if not _NAME.fullmatch(name)
    ]
    return named or [
        Fault(file=name, line=0, reason=f"longer than {FILE_AT_MOST:,} characters", mend="a rule is a few lines")
        for name, text in sorted(files.items())
        if len(text) > FILE_AT_MOST
    ]


def _fault_of(path: Path) -> Fault | None:
    try:
        load_rule(path)
    except EditedFileError as error:
        return _fault(error)
    except (AlertsError, *_ODD) as error:
        return Fault(file=path.name, line=1, reason=_without(path.parent, str(error)))
    return None


def _fault(error: EditedFileError) -> Fault:
    folder = error.path.parent
    return Fault(
        file=error.path.name, line=error.line, reason=_without(folder, error.reason), mend=_without(folder, error.mend)
    )


def _without(folder: Path | str, said: str) -> str:
    return said.replace(f"{folder}/", "")


def _written(files: Files) -> tempfile.TemporaryDirectory[str]:
    """The set as a folder, so that it is read as files of a folder are, by the same code."""
    made = tempfile.TemporaryDirectory(prefix="shijing-rules-")
    for name, text in files.items():
        (Path(made.name) / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    return made


def changed_files(files: Files, changes: Mapping[str, str | None]) -> dict[str, str]:
    """The set with files replaced and added; None takes one out."""
    merged: dict[str, str | None] = {**files, **changes}
    return {name: text for name, text in merged.items() if text is not None}


def diff(before: Files, after: Files) -> list[FileDiff]:
    """What differs, by file; empty where nothing does."""
    return [
        FileDiff(
            file=name, change=_change(name, before, after), lines=_lines(before.get(name, ""), after.get(name, ""))
        )
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _change(name: str, before: Files, after: Files) -> str:
    return "added" if name not in before else "removed" if name not in after else "changed"


def _lines(before: str, after: str) -> tuple[str, ...]:
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return tuple(told)[2:]
