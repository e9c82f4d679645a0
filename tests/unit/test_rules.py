"""Rule files: those shipped, and what a fault in one says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import AlertsError, EditedFileError
from alerts.rules import Levels, Threshold, load_rule, load_rules
from config.settings import CONFIG
from ingest.quantities import load_quantities

SHIPPED = load_rules(CONFIG / "rules")

GOOD = """\
# A rule of the test's own.
id = "test"
number = 6
kind = "threshold"
label = {zh = "试", en = "Test"}
first_action = {zh = "试", en = "Test"}
quantity = "stage"
unit = "m"
direction = "above"
raise_after = 2
margin = 0.2
clear_for_s = 1800

[levels]
blue = {from = "warning", offset = -0.5}
yellow = 3.0
red = 4
"""


def test_the_flood_rule_is_the_one_asked_for() -> None:
    (flood,) = [rule for rule in SHIPPED if rule.id == "river-stage"]
    assert (flood.number, flood.quantity, flood.unit, flood.direction) == (6, "stage", "m", "above")
    assert flood.graded() == {
        "blue": Threshold(from_="warning", offset=-0.5),
        "yellow": Threshold(from_="warning"),
        "orange": Threshold(from_="guarantee"),
        "red": Threshold(from_="highest"),
    }
    assert (flood.raise_after, flood.margin, flood.margin_fraction, flood.clear_for_s) == (1, 0.2, None, 1800)


def test_shipped_rules_speak_of_known_quantities_in_their_units() -> None:
    quantities = load_quantities()
    assert {rule.id: rule.unit for rule in SHIPPED} == {rule.id: quantities[rule.quantity].unit for rule in SHIPPED}


def test_gas_raises_at_once_and_the_rest_after_two_samples() -> None:
    at_once = {rule.number for rule in SHIPPED if rule.raise_after == 1}
    assert at_once == {6, 16, 17, 18}
    assert {rule.raise_after for rule in SHIPPED if rule.number not in at_once} == {2}


def write(folder: Path, text: str, name: str = "test.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file(tmp_path: Path) -> None:
    rule = load_rule(write(tmp_path, GOOD))
    assert rule.levels == Levels(blue=Threshold(from_="warning", offset=-0.5), yellow=3.0, red=4.0)
    assert list(rule.graded()) == ["blue", "yellow", "red"]
    assert load_rules(tmp_path) == [rule]


FAULTS = [
    ("id = ", "ids = ", 2, "unknown field `ids`", "did you mean `id`"),
    ('id = "test"', 'id = "Test"', 2, "matching regex", "small letters"),
    ('id = "test"', 'id = "other"', 2, "'other'", "file's own name"),
    ("number = 6", "number = 0", 3, ">= 1", "number = 6"),
    ("number = 6", 'number = "6"', 3, "got `str`", "number = 6"),
    ("number = 6", "number = true", 3, "got `bool`", "number = 6"),
    ('"threshold"', '"treshold"', 4, "treshold", 'kind = "threshold"'),
    ('zh = "试", en = "Test"}\nfirst', 'zh = "试"}\nfirst', 5, "missing required field `en`", "English"),
    ('quantity = "stage"', 'quantity = ""', 7, "length >= 1", "registered"),
    ('unit = "m"\n', "", 1, "missing required field `unit`", 'unit = "m"'),
    ('"above"', '"over"', 9, "'over'", '"above" or direction = "below"'),
    ("raise_after = 2", "raise_after = 0", 10, ">= 1", "samples in a row"),
    ("raise_after = 2", "raise_after = 1.5", 10, "got `float`", "samples in a row"),
    ("margin = 0.2", "margin = -0.2", 11, ">= 0", "at least 0"),
    ("margin = 0.2", "margin = nan", 11, "margin: ", "at least 0"),
    ("margin = 0.2", "margin = 0.2\nmargin_fraction = 0.1", 11, "either a `margin`", "margin_fraction"),
    ("margin = 0.2\n", "", 1, "either a `margin`", "margin_fraction"),
    ("clear_for_s = 1800", "clear_for_s = inf", 12, "1000000000", "at least 0"),
    ('{from = "warning", offset = -0.5}', "{offset = -0.5}", 15, "either a `value` or `from`", "write"),
    ('{from = "warning", offset = -0.5}', '{from = "warning", ofset = 1}', 15, "`ofset`", "did you mean `offset`"),
    ('{from = "warning", offset = -0.5}', "{value = 1.0, offset = 1.0}", 15, "`offset` goes with", "write"),
    ('{from = "warning", offset = -0.5}', "nan", 15, "levels.blue: ", "write a number"),
    ("yellow = 3.0", "yellow = inf", 16, "levels.yellow: ", "write a number"),
    ("yellow = 3.0", 'yellow = "3"', 16, "got `str`", "write a number"),
    ("yellow = 3.0", "yellow = 5.0", 14, "yellow 5, red 4", "no milder"),
    ("red = 4", "purple = 4", 17, "`purple`", "keys that are known"),
    ("red = 4", "red = 4\nred = 5", 18, "not TOML", "key = value"),
    ("red = 4", "red = ", 17, "not TOML", "key = value"),
    (GOOD[GOOD.index("blue =") :], "", 14, "`levels` is empty", "at least one of"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason", "mend"), FAULTS)
def test_a_fault_is_named_with_file_line_reason_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, reason: str, mend: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(EditedFileError) as caught:
        load_rules(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}:"), said
    assert caught.value.line == line, said
    assert reason in caught.value.reason, said
    assert mend in caught.value.mend, said


def test_one_fault_among_files_names_its_file(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    wrong = write(tmp_path, GOOD.replace("number = 6", "number = -1").replace('"test"', '"wrong"'), "wrong.toml")
    with pytest.raises(EditedFileError, match=r"wrong\.toml:3:"):
        load_rules(tmp_path)
    assert wrong.exists()


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "test.toml").write_bytes(b"id = 1\nunit = '\xff'\n")
    with pytest.raises(EditedFileError, match=r"test\.toml:2: not UTF-8"):
        load_rules(tmp_path)


def test_an_empty_folder_is_no_silent_peace(tmp_path: Path) -> None:
    with pytest.raises(AlertsError, match="no rule files"):
        load_rules(tmp_path)


def test_downward_levels_fall(tmp_path: Path) -> None:
    falling = GOOD.replace('"above"', '"below"').replace("red = 4", "red = 2")
    assert load_rule(write(tmp_path, falling)).direction == "below"
    with pytest.raises(EditedFileError, match="out of order for below"):
        load_rule(write(tmp_path, GOOD.replace('"above"', '"below"')))


lines = st.lists(st.sampled_from(GOOD.splitlines()) | st.text(max_size=30), max_size=20)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(lines.map("\n".join), st.text(), st.binary()))
def test_whatever_is_in_a_file_only_its_own_error_comes(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "test.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        load_rule(path)
    except EditedFileError as error:
        assert error.line >= 1
        assert error.mend
