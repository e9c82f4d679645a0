"""Topics to routes, and the faults of a topic map or a file of quantities named where they stand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from ingest.errors import Refused
from ingest.quantities import load_quantities
from ingest.topics import Route, load_topic_map

TOPICS = load_topic_map()


@pytest.mark.parametrize("division", ["500105", "500105001", "500105001002"])
def test_the_division_only_routes(division: str) -> None:
    assert TOPICS.route(f"cq/{division}/cuntan/stage") == Route(format="json", device="cuntan", quantity="stage")


@pytest.mark.parametrize(
    ("topic", "route"),
    [
        ("cq/clock", Route(format="clock")),
        ("cq/500105/gateway/senml", Route(format="senml", device="gateway")),
        ("cq/500105/寸滩/stage", Route(format="json", device="寸滩", quantity="stage")),
        ("$oc/devices/5e06_x/sys/properties/report", Route(format="huawei", device="5e06_x")),
    ],
)
def test_layouts_that_come_with_it(topic: str, route: Route) -> None:
    assert TOPICS.route(topic) == route


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "cq",
        "cq/",
        "cq/clock/",
        "cq/50010/cuntan/stage",
        "cq/5001050/cuntan/stage",
        "cq/5001050010021/cuntan/stage",
        "cq/500105/cuntan",
        "cq/500105//stage",
        "cq/500105/cuntan/",
        "cq/500105/cuntan/stage/more",
        "/cq/500105/cuntan/stage",
        "CQ/500105/cuntan/stage",
        "cq/500105/" + "x" * 60_000 + "/stage",
        "cq/50010x/cuntan/stage",
        "oc/devices/x/sys/properties/report",
        "$oc/devices/x/sys/properties/reporting",
        "$oc/devices/a/b/sys/properties/report",
    ],
)
def test_topics_that_fit_nothing(topic: str) -> None:
    with pytest.raises(Refused) as caught:
        TOPICS.route(topic)
    assert caught.value.reason == "topic"


@given(st.text() | st.from_regex(r"cq/[0-9]{6}/[^/]*/[^/]*"))
def test_any_text_is_a_route_or_refused(topic: str) -> None:
    try:
        assert TOPICS.route(topic) == TOPICS.route(topic)
    except Refused as refused:
        assert refused.reason == "topic"


def write(folder: Path, text: str) -> Path:
    path = folder / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_layout_of_ones_own(tmp_path: Path) -> None:
    entry = '[[topic]]\npattern = "v1/{division}/{quantity}.{device}"\nformat = "json"\n'
    topics = load_topic_map(write(tmp_path, entry))
    assert topics.route("v1/500105/stage.cuntan") == Route(format="json", device="cuntan", quantity="stage")
    with pytest.raises(Refused):
        topics.route("v1/500105/stageXcuntan/more")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing would be received"),
        ("topic = []", "nothing would be received"),
        ("not toml", "file.toml"),
        ('[[topic]]\npattern = "cq/x"\nformat = "xml"\n', "json, senml, huawei, clock"),
        ('[[topic]]\npattern = "cq/{place}"\nformat = "json"\n', "{place}"),
        ('[[topic]]\nformat = "json"\n', "pattern"),
    ],
)
def test_a_faulty_topic_map_names_its_fault(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_topic_map(path)
    assert str(path) in str(caught.value) and said in str(caught.value)


def test_a_part_named_twice_is_a_fault_of_the_map(tmp_path: Path) -> None:
    path = write(tmp_path, '[[topic]]\npattern = "{device}/{device}"\nformat = "senml"\n')
    with pytest.raises(ConfigError, match="device"):
        load_topic_map(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not toml", "file.toml"),
        ('[stage]\nzh = "x"\nen = "x"\nunit = "m"\nlow = 5\nhigh = 5\n', "not under"),
        ('[stage]\nzh = "x"\nen = "x"\nunit = "m"\nlow = 5\n', "high"),
        ('[stage]\nzh = "x"\nen = "x"\nunit = "m"\nlow = "a"\nhigh = 5\n', "low"),
    ],
)
def test_a_faulty_quantity_names_its_fault(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_quantities(path)
    assert str(path) in str(caught.value) and said in str(caught.value)
