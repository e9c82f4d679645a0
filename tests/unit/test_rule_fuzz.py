"""Whatever stands in a rule file: either rules come of it, or an error that names a line of the file."""

import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.errors import EditedFileError
from alerts.rule_fault_words import in_chinese
from alerts.rule_kinds import Common
from alerts.rule_needs import grades, quantities, reaches
from alerts.rule_places import Places, line_count
from alerts.rules import parse_rules
from config.settings import CONFIG

SHIPPED = [path.read_bytes() for path in sorted((CONFIG / "rules").glob("*.toml"))]
LONGEST_S = 5.0
HEAD = 'id = "test"\nnumber = 1\nlabel = {zh = "试", en = "T"}\nfirst_action = {zh = "试", en = "T"}\n'

CONDITION = HEAD + 'kind = "condition"\nunits = {rain = "mm", stage = "m"}\n[levels]\n'

WORDS = re.findall(r"\S+", """
id number kind label first_action family lateness_s reopen_s quantity unit units direction measure of over_s
over_h over_d full abs per at_least at_most levels blue yellow orange red value from offset strict low high
raise_after hold_s margin margin_fraction clear_for_s level all any not above below during months hours
warning expression within radius_m fraction intervals quantities subjects tolerance resting limit within_s
event override sensors divisions enabled threshold condition count silence stuck step sum mean change rate
days touching township ago_s ago_h ago_d terms name rain stage test 20:00 06:00 11B37 rain+stage between
""")  # fmt: skip
scalars = (
    st.sampled_from(WORDS)
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.booleans()
    | st.text(max_size=6)
    | st.integers(0, 10)
    | st.datetimes()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


def read(content: bytes) -> list[Common]:
    """What comes of a file called test.toml; nothing where it is refused as it should be."""
    begun = time.thread_time()  # work, not waiting: other programs share the machine
    try:
        rules = list(parse_rules({Path("test.toml"): content}))
    except EditedFileError as error:
        assert 1 <= error.line <= max(1, content.count(b"\n") + 1), error
        assert error.reason
        assert in_chinese(error.reason), error.reason
        assert in_chinese(error.mend), error
        rules = []
    assert time.thread_time() - begun < LONGEST_S
    for rule in rules:
        assert quantities(rule) is not None
        assert all(reach >= 0 for reach in reaches(rule).values())
        assert grades(rule) is not None
    return rules


def toml(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        escaped = "".join(f"\\U{ord(one):08X}" if one in '"\\' or not one.isprintable() else one for one in value)
        return f'"{escaped}"'
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


@settings(max_examples=400, deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(content: bytes) -> None:
    read(content)


@settings(max_examples=600, deadline=None)
@given(data=st.dictionaries(st.sampled_from(WORDS), values, max_size=10))
def test_any_toml(data: dict[str, Any]) -> None:
    text = "".join(f'"{key}" = {toml(value)}\n' for key, value in data.items())
    tomllib.loads(text)
    read(text.encode())


@settings(max_examples=600, deadline=None)
@given(
    kind=st.sampled_from(["threshold", "event", "condition", "count", "silence", "stuck", "step", "warning"]),
    data=st.dictionaries(st.sampled_from(WORDS[6:]), values, max_size=10),
)
def test_any_keys_of_any_kind(kind: str, data: dict[str, Any]) -> None:
    text = HEAD + f'kind = "{kind}"\n' + "".join(f'"{key}" = {toml(value)}\n' for key, value in data.items())
    read(text.encode())


@settings(max_examples=600, deadline=None)
@given(
    shipped=st.sampled_from(SHIPPED),
    cuts=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 40), st.binary(max_size=8) | st.sampled_from(
        [b"[", b"]", b"{", b"}", b'"', b"'''", b'"""', b"=", b"\n", b"[[override]]\n", b"nan", b"inf", b"1e400", b"-1"]
    )), min_size=1, max_size=4),
)  # fmt: skip
def test_shipped_files_with_something_cut_out_or_put_in(shipped: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, put in cuts:
        shipped = shipped[:at] + put + shipped[at + length :]
    read(shipped)


DEEP = 20_000
HOSTILE = {
    "lists": b"a = " + b"[" * DEEP,
    "closed lists": b"a = " + b"[" * DEEP + b"]" * DEEP,
    "a hundred lists": b"a = " + b"[" * 100 + b"]" * 100,
    "tables": b"a = " + b"{a = " * 10_000 + b"1" + b"}" * 10_000,
    "dots": b"a" + b".a" * DEEP + b" = 1",
    "header of dots": b"[a" + b".a" * DEEP + b"]\n",
    "not of not": CONDITION.encode() + b"red." + b"not." * 500 + b"above = 1",
    "dots on many lines": b"".join(b"[k%d" % number + b".a" * 480 + b"]\n" for number in range(66)),
    "digits": b"number = " + b"9" * 5000,
    "hexadecimal digits": b"number = 0x" + b"f" * 60_000,
    "too large": b"#" * 70_000,
    "nothing": b"",
    "one new line": b"\n",
    "mark of byte order": b"\xef\xbb\xbfid = 1\n",
    "nul": b"id = \x00\n",
    "lone surrogate": b'id = "\xed\xa0\x80"\n',
    "escaped surrogate": rb'id = "\ud800"',
    "carriage returns": b"id = 1\r\nid = 2\r\n",
    "line separators": "id = \"\u2028\u2028\x85\"\nfamily = 3\n".encode(),
    "no day": b"id = 2024-02-31\n",
    "many keys": b"".join(b"k%d = 1\n" % number for number in range(5000)),
    "many headers": b"".join(b"[k%d]\n" % number for number in range(5000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str) -> None:
    assert read(HOSTILE[name]) == []


EXPRESSIONS = st.text(st.sampled_from("rainstge_ 0123456789.+-*/(),%^&|~<>=!@[]{}'\":;\\\n\t"), max_size=60)


@settings(max_examples=600, deadline=None)
@given(text=EXPRESSIONS | st.text(max_size=60))
@example("(" * 400)
@example("-" * 399 + "1")
@example("rain" + "**8" * 130)
@example("9" * 390)
@example("1if rain else 2")
@example("rain.__class__")
@example("__import__")
@example("max(*rain)")
@example("max(rain, key=abs)")
@example("lambda: rain")
@example("rain" + "\x00")
def test_any_expression(text: str) -> None:
    rule = f"{CONDITION}red = {{expression = {toml(text)}, above = 1}}"
    read(rule.encode("utf-8", "surrogatepass"))


def paths(data: Any, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path of a TOML document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path for step, value in inner for path in ((*steps, step), *paths(value, (*steps, step)))]


LINES = st.lists(
    st.sampled_from(
        [
            "a = 1",
            "b.c = 2  # ] } [",
            "d = {e = 1, f.g = [1, {h = 2}], \"i j\" = '}'}",
            "k = [",
            "  {l = 1}, # one",
            "  [2, [3]],",
            "]",
            'm = """',
            'a = 1 \\" """',
            "''' [x] '''",
            "[n]",
            "[n.o]",
            "[[p]]",
            "[[p.q]]",
            "[p.q.r]",
            "[[s.t]]",
            '"u\\u4E00" = 1.5',
            "v = 2020-01-01 00:00:00",
            "",
            "# w = 1",
        ]
    ),
    max_size=12,
)


@settings(max_examples=1500, deadline=None)
@given(lines=LINES)
def test_every_key_of_a_toml_text_has_a_line(lines: list[str]) -> None:
    text = "\n".join(lines)
    places = Places(text)  # also of what is no TOML at all
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for path in paths(data):
        assert path in places.lines
        assert 1 <= places.where(path) <= line_count(text)
        name = next(step for step in reversed(path) if isinstance(step, str))
        if isinstance(path[-1], str):
            assert (name if name.isascii() else "u4E00") in lines[places.where(path) - 1]
