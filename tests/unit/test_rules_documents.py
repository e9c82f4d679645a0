"""What docs/rules.md shows are rules, and what it lists is what is shipped."""

import re
from pathlib import Path

import pytest

from alerts.errors import EditedFileError
from alerts.rules import load_rules, parse_rules
from config.settings import CONFIG, PROJECT

TEXT = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
HEAD = re.sub(r"^(kind|family|lateness_s) .*\n", "", BLOCKS[0], flags=re.MULTILINE)
COUNTED = (CONFIG / "rules" / "water-depth.toml").read_bytes()


def example(text: str) -> None:
    content = (HEAD + text).replace('"river-stage"', '"example"', 1).encode()
    assert len(parse_rules({Path("example.toml"): content, Path("water-depth.toml"): COUNTED})) == 2


def kind(block: str) -> str:
    found = re.match(r'kind = "(\w+)"', block)
    return found.group(1) if found else ""


KINDS = {kind(block): block for block in BLOCKS if kind(block)}


def test_every_kind_is_shown() -> None:
    assert set(KINDS) == {"threshold", "event", "condition", "count", "silence", "stuck", "step", "warning"}


@pytest.mark.parametrize("name", KINDS)
def test_examples_are_rules(name: str) -> None:
    example(KINDS[name])


def test_keys_of_every_rule_and_overrides_and_measures() -> None:
    threshold, _ = KINDS["threshold"].split("[levels]")
    (measure,) = [block for block in BLOCKS if block.startswith("measure = ")]
    (override,) = [block for block in BLOCKS if block.startswith("[[override]]")]
    for text in (threshold + measure, KINDS["threshold"] + override, threshold + measure + override):
        example(text)
    whole = BLOCKS[0].replace('"river-stage"', '"example"') + KINDS["threshold"].replace('kind = "threshold"\n', "")
    assert len(parse_rules({Path("example.toml"): whole.encode()})) == 1


def test_the_fault_that_is_shown_is_the_one_that_comes() -> None:
    path = CONFIG / "rules" / "river-stage.toml"
    content = path.read_bytes().replace(b"margin = 0.2", b"margin = -0.2")
    with pytest.raises(EditedFileError) as caught:
        parse_rules({path.relative_to(PROJECT): content})
    assert str(caught.value) in TEXT


def test_all_that_is_shipped_is_listed_and_no_more() -> None:
    table = TEXT[TEXT.index("## Rules that are shipped") :]
    listed = [
        name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in re.findall("`(.+?)`", row)
    ]
    assert sorted(listed) == [rule.id for rule in sorted(load_rules(CONFIG / "rules"), key=lambda rule: rule.id)]
