"""Posts are data: what does not hold together is named by file, post and reason."""

from pathlib import Path

import pytest

from alerts.plan_files import load_plans
from config.errors import ConfigError
from config.settings import CONFIG
from people.errors import Unknown
from people.posts import FILE, load_posts

GOOD = '[commander]\nzh = "指挥长"\nen = "Commander"\nlevel = "township"\nrank = 10\n'
OTHER = '[deputy]\nzh = "副职"\nen = "Deputy"\nlevel = "township"\nrank = 5\nalso = ["副指挥长"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "posts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_post_is_found_by_each_of_its_names(tmp_path: Path) -> None:
    posts = load_posts(written(tmp_path, GOOD + OTHER))
    assert posts.ids() == ["deputy", "commander"]  # by rank
    for name in ("deputy", "副职", " Deputy ", "副指挥长", "DEPUTY"):
        assert posts.named(name).id == "deputy"
    assert posts.get("commander") == posts.named("指挥长")
    assert posts.get("mayor") is None


def test_an_unknown_post_is_told_with_the_choice(tmp_path: Path) -> None:
    posts = load_posts(written(tmp_path, GOOD))
    with pytest.raises(Unknown, match=r"there is no post '市长': take one of 指挥长 \(commander\)"):
        posts.named("市长")


def test_the_shipped_posts_have_those_that_the_shipped_plan_names() -> None:
    posts = load_posts()
    assert {"commander", "deputy_a", "deputy_b", "duty_officer", "grid_leader", "grid_worker"} <= set(posts.ids())
    for name in ("A岗", "B岗", "群测群防员", "兼职网格员", "村书记"):
        assert posts.named(name).zh == name
    [plan] = [plan for plan in load_plans(CONFIG / "plans") if plan.id == "FLD-02"]
    for task in plan.tasks:
        assert posts.named(task.post).level in ("township", "village", "grid"), task.post


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no post"),
        ("[commander", "posts.toml: "),
        ("rank = 1", "rank stands outside of a post"),
        (GOOD.replace("[commander]", "[Commander]"), r"\[Commander\] is no id"),
        (GOOD.replace("rank = 10", ""), r"\[commander\]: .*rank"),
        (GOOD.replace("10", '"high"'), r"\[commander\]: .*int.*rank"),
        (GOOD.replace('"township"', '"county"'), r"\[commander\]: .*levels: city, district, township"),
        (GOOD + 'colour = "red"', r"\[commander\] has an unknown key 'colour'"),
        (GOOD.replace("指挥长", " "), r"\[commander\] has an empty name"),
        (GOOD + OTHER.replace("副指挥长", "指挥长"), r"\[deputy\] is called '指挥长', and so is \[commander\]"),
    ],
)
def test_what_does_not_hold_together_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        load_posts(written(tmp_path, text))
    assert str(tmp_path) in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_posts(tmp_path / "none.toml")
    assert FILE.exists()
