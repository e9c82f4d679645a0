"""Files that people edit, made into validated values; a fault is named by file, line, reason and remedy."""

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from alerts.errors import EditedFileError

Value = TypeVar("Value")
Step = str | int

_PATH = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_NAMED = re.compile(r"`([^`]+)`")


def convert(
    data: object,
    kind: type[Value],
    *,
    path: Path,
    line_of: Callable[[list[Step]], int],
    mend: Mapping[str, str],
) -> Value:
    """`data` as a `kind`; `line_of` finds the line of a key's path, `mend` says by key what to write.

    Raises EditedFileError.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said = str(error)
        reason = _PATH.sub("", said)
        # What a struct says of its own fields may tell where in it the fault is.
        steps = _steps(said) + list(getattr(error.__cause__, "steps", ()))
        key = _key(reason, steps, mend)
        if key in steps and f"`{key}`" not in reason:
            reason = f"{'.'.join(step for step in steps if isinstance(step, str))}: {reason}"
        if steps[-1:] != [key]:
            steps.append(key)
        raise EditedFileError(path, line_of(steps), reason, _remedy(key, mend)) from error


def _steps(said: str) -> list[Step]:
    found = _PATH.search(said)
    return [int(index) if index else name for name, index in _STEP.findall(found.group(1))] if found else []


def _key(reason: str, steps: list[Step], mend: Mapping[str, str]) -> str:
    """The key at fault: one that the reason names in back-quotes, else the last of the path."""
    unknown = re.search(r"unknown field `([^`]+)`", reason)
    named = [unknown.group(1)] if unknown else [name for name in _NAMED.findall(reason) if name in mend]
    return named[0] if named else next((step for step in reversed(steps) if isinstance(step, str)), "")


def _remedy(key: str, mend: Mapping[str, str]) -> str:
    if key in mend:
        return mend[key]
    near = difflib.get_close_matches(key, mend, n=1)
    return f"did you mean `{near[0]}`?" if near else f"keys that are known here: {', '.join(mend)}"
