"""Every fault of a rule file, and every remedy, in Chinese: walked in the sources, and by examples."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.rule_fault_words import FORMS, in_chinese
from alerts.rule_kinds import AnyRule
from alerts.rule_mend import REMEDIES
from config.settings import CONFIG

ROOT = CONFIG.parent
SOURCES = [*sorted((ROOT / "alerts").glob("rule*.py")), ROOT / "alerts/refusals.py", ROOT / "web/rules_api.py"]
RAISED = {"Misplaced", "ValueError", "TrialTooLarge", "BusyError", "AskedWrongError"}
# Said of files that no page reads, and of what only programs send.
ELSEWHERE = {"a span", "no rule files"}
ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+")


def samples(node: ast.expr) -> list[str]:
    """A text of the program with something put in for what differs; none for what is passed on."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(part.value if isinstance(part, ast.Constant) else _put_in(part) for part in parts)]  # type: ignore[attr-defined]
        case ast.IfExp(body=one, orelse=other):
            return samples(one) + samples(other)
    return []


def _put_in(part: ast.expr) -> str:
    inner = ast.unparse(part)
    if "error" in inner:
        return "names no quantity" if "_check_expression" not in inner else ""
    return "7" if any(word in inner for word in ("len(", "LONGEST", "MOST", "DEEPEST", "seconds", "days")) else "'x'"


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Everything that a module says of a fault: reasons, remedies, and what errors say."""
    for node in ast.walk(ast.parse(path.read_text())):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            found += [one.value for one in node.keywords if one.arg in ("reason", "mend")]
            found += node.args[:1] if name in RAISED else []
            found += node.args[2:] if name == "EditedFileError" else []
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found += [node.value] if node.targets[0].id in ("reason", "mend", "_MEND_CIRCLE") else []
        elif isinstance(node, ast.Return) and path.name == "refusals.py" and node.value is not None:
            found.append(node.value)
        for one in found:
            yield from ((node.lineno, text) for text in samples(one) if text and not text.startswith(tuple(ELSEWHERE)))


WALKED = [pytest.param(text, id=f"{path.name}:{line}") for path in SOURCES for line, text in said(path)]


def chinese(english: str) -> str:
    told = in_chinese(english)
    assert told, f"no Chinese for: {english}"
    assert re.search(r"[\u4e00-\u9fff]", told), told
    assert not ENGLISH.search(told), told
    return told


def test_the_walk_finds_what_is_said() -> None:
    assert len(WALKED) > 90


@pytest.mark.parametrize("english", WALKED)
def test_everything_that_is_said_of_a_fault_has_chinese(english: str) -> None:
    chinese(english)


@pytest.mark.parametrize("key", REMEDIES)
def test_every_remedy_has_chinese_and_the_same_example(key: str) -> None:
    english, told = REMEDIES[key]
    assert in_chinese(english) == told
    assert not ENGLISH.search(told)
    examples = [english.partition(": ")[2].partition(";")[0]] if ": " in english else []
    assert all(one in told for one in examples if "=" in one), (examples, told)


def test_every_key_of_a_rule_has_a_remedy() -> None:
    for kind in AnyRule.__args__:  # type: ignore[attr-defined]
        assert {name.rstrip("_") for name in kind.__struct_fields__} <= REMEDIES.keys()


def test_chinese_puts_in_nothing_that_the_english_has_not() -> None:
    for english, told in FORMS:
        gaps = set(re.findall(r"\{(\w+)(?::\w+)?\}", english))
        assert set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", told)) <= gaps, english


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("margin: Expected `float` >= 0.0", "margin 要 >= 0.0"),
        ("red: Expected `float | object | null`, got `str`", "red 要写数或表 {…}或空，写的是带引号的文字"),
        ("Object contains unknown field `valu`", "没有 valu 这个键"),
        ("did you mean `value`?", "是不是 `value`？"),
        ("not TOML: Unclosed array (at end of document)", "不是正确的 TOML：方括号没有配对（文件末尾）"),
        (
            "rule set 3 does not hold together for this version of the program: a.toml:4: `levels` is empty; "
            + REMEDIES["levels"][0],
            "第 3 版不合本程序的格式：a.toml:4: levels 里一个级别也没有；" + REMEDIES["levels"][1],
        ),
        ("nobody ever said this", None),
    ],
)  # fmt: skip
def test_what_is_told(english: str, told: str | None) -> None:
    assert in_chinese(english) == told
