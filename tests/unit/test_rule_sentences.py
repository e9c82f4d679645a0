"""Rules in words: every kind of rule, in both languages, and nothing of a rule left out."""

from typing import Any

import msgspec
import pytest

from alerts.rule_expressions import expression
from alerts.rule_formulas import in_words, unit_of
from alerts.rule_sentences import sentences
from alerts.rules import AnyRule, load_rules
from config.settings import CONFIG

_COMMON = {"id": "x", "number": 1, "label": {"zh": "甲", "en": "A"}, "first_action": {"zh": "乙", "en": "B"}}
_TERMS = {"raise_after": 1, "margin": 0.1, "clear_for_s": 0.0}


def told(**form: Any) -> tuple[str, str]:
    """Chinese and English of a rule of this form."""
    rule: AnyRule = msgspec.convert({**_COMMON, **form}, AnyRule)  # type: ignore[arg-type]
    return sentences(rule, "zh").whole("zh"), sentences(rule, "en").whole("en")


@pytest.mark.parametrize(
    ("form", "zh", "en"),
    [
        (
            {"kind": "threshold", "quantity": "rain", "unit": "mm", "direction": "above", **_TERMS, "hold_s": 600.0,
             "levels": {"blue": {"value": 50.0, "of": "sum", "over_h": 12.0}}},
            "蓝色：雨量 12 小时累计 ≥ 50 mm；持续满足 10 分钟即触发；低于阈值 0.1 mm即解除",
            "blue: sum of rain over 12 h ≥ 50 mm; raised once it has held for 10 min;"
            " cleared 0.1 mm under the threshold, at once",
        ),
        (
            {"kind": "threshold", "quantity": "stage", "unit": "m", "direction": "above", **_TERMS,
             "measure": {"of": "rate", "over_h": 1.0}, "levels": {"red": 1.5}},
            "红色：水位 1 小时变化速率 ≥ 1.5 m/h；一次满足即触发；低于阈值 0.1 m/h即解除",
            "red: rate of change of river stage over 1 h ≥ 1.5 m/h; raised at once;"
            " cleared 0.1 m/h under the threshold, at once",
        ),
        (
            {"kind": "threshold", "quantity": "air_temperature", "unit": "degC", "direction": "above", **_TERMS,
             "margin": 0.0, "levels": {"yellow": {"value": 3.0, "of": "days", "over_d": 7.0, "at_least": 35.0}}},
            "黄色：气温每日最大值 ≥ 35 的连续天数 ≥ 3；一次满足即触发；低于阈值即解除",
            "yellow: number of days in a row with air temperature ≥ 35: ≥ 3; raised at once;"
            " cleared under the threshold, at once",
        ),
        (
            {"kind": "event", "quantity": "smoke", "level": "red"},
            "红色：收到烟感即触发；一次满足即触发；不再满足，保持 30 分钟后解除",
            "red: smoke is reported; raised at once; cleared once it is not met any more for 30 min",
        ),
        (
            {"kind": "condition", "units": {"rain": "mm", "stage": "m"}, "levels": {"orange": {"all": [
                {"quantity": "rain", "of": "sum", "over_h": 3.0, "above": 30.0},
                {"any": [{"quantity": "stage", "above": {"from": "warning", "offset": -0.5}},
                         {"warning": "11B37", "level": "orange"}]},
                {"during": {"months": [5, 9], "hours": ["20:00", "06:00"]}},
                {"not": {"expression": "stage * 2", "below": 3.0}}]}}},
            "橙色：雨量 3 小时累计 ≥ 30 mm，且 （水位 ≥ 警戒水位以下 0.5 m 或 官方预警 11B37 橙色及以上生效中），且"
            " 5 月至 9 月，每日 20:00 至 06:00，且 并非（水位 × 2 ≤ 3 m）；"
            "连续 2 次满足即触发；不再满足，保持 30 分钟后解除",
            "orange: sum of rain over 3 h ≥ 30 mm and (river stage ≥ 0.5 m under the warning level or an official"
            " warning 11B37, orange or graver, is in force) and during months 5 to 9, 20:00 to 06:00 each day"
            " and not (river stage × 2 ≤ 3 m);"
            " raised after 2 samples in a row; cleared once it is not met any more for 30 min",
        ),
        (
            {"kind": "condition", "units": {"rain": "mm"}, "raise_after": 1, "clear_for_s": 0.0, "levels": {"orange": {
                "expression": "recent + 0.67 * before", "above": 88.9, "strict": True, "terms": [
                    {"name": "recent", "of": "sum", "over_d": 3.0},
                    {"name": "before", "of": "sum", "over_d": 15.0, "ago_d": 3.0}]}}},
            "橙色：「雨量 3 天累计」 + 0.67 × 「截至 3 天前的雨量 15 天累计」 > 88.9 mm；"
            "一次满足即触发；不再满足即解除",
            "orange: ‘sum of rain over 3 d’ + 0.67 × ‘sum of rain over 15 d ending 3 d before’ > 88.9 mm;"
            " raised at once; cleared once it is not met any more, at once",
        ),
        (
            {"kind": "count", "of": "smoke", "level": "red", "within": "radius_m", "radius_m": 500.0,
             "clear_for_s": 0.0, "levels": {"red": {"at_least": 3, "fraction": 0.5}}},
            "红色：半径 500 米内至少 3 处且50 %的规则 smoke 达到红色及以上；一次满足即触发；不再满足即解除",
            "red: at least 3 and 50 % of rule smoke within 500 m at red or graver; raised at once;"
            " cleared once it is not met any more, at once",
        ),
        (
            {"kind": "silence", "level": "blue"},
            "蓝色：超过上报间隔的 3 倍没有数据；网关下全部失联时只报网关",
            "blue: no data for 3 × its interval; a gateway with all of its sensors silent is one alert",
        ),
        (
            {"kind": "stuck", "quantity": "stage", "unit": "m", "level": "blue", "over_h": 6.0, "tolerance": 0.01,
             "resting": 0.0},
            "蓝色：6 小时内不少于 10 个水位读数变动不超过 0.01 m（停在 0 不算）；不再满足即解除",
            "blue: 10 or more readings of river stage in 6 h differ by no more than 0.01 m"
            " (resting at 0 does not count);"
            " cleared once it is not met any more, at once",
        ),
        (
            {"kind": "step", "quantity": "stage", "unit": "m", "limit": 3.0},
            "与 1 小时内的上一读数相差超过 3 m 的读数标为可疑，不触发告警",
            "a reading more than 3 m from the one before, within 1 h, is marked suspect, no alert",
        ),
        (
            {"kind": "warning", "event": "11B37"},
            "官方预警 11B37 发布到乡镇街道即触发，级别按其颜色",
            "an official warning 11B37 for a township raises it, at the warning's own colour",
        ),
    ],
)  # fmt: skip
def test_a_rule_of_each_kind_in_words(form: dict[str, Any], zh: str, en: str) -> None:
    assert told(**form) == (zh, en)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("rain", "mm"),
        ("max(rain, 0) / 2 - rain", "mm"),
        ("-abs(rain) * 3", "mm"),
        ("rain / rain * rain", "mm"),
        ("rain * rain", ""),
        ("rain / rain", ""),
        ("rain + 2 / rain", ""),
        ("rain ** 2", ""),
        ("2 / rain", ""),
        ("rain + tilt", ""),
        ("min(2, 3) * rain", ""),
    ],
)
def test_a_figure_has_a_unit_where_it_is_sure(text: str, unit: str) -> None:
    assert unit_of(expression(text), {"rain": "mm", "tilt": "°"}) == unit


def test_a_formula_keeps_its_brackets_and_functions() -> None:
    words = {"rain": "雨量", "max_2": "甲"}
    assert in_words(expression("max(rain,-max_2)**2*(rain -1)"), words) == "max(雨量, −甲) ^ 2 × (雨量 − 1)"


def test_overrides_tell_whom_and_what() -> None:
    zh, en = told(
        kind="threshold", quantity="water_depth", unit="cm", direction="above", levels={"red": 40.0}, **_TERMS,
        override=[{"sensors": ["a", "b"], "levels": {"red": 30.0}}, {"divisions": ["500105"], "enabled": False},
                  {"sensors": ["c"], "margin_fraction": 0.2}],
    )  # fmt: skip
    assert zh.endswith("a、b：红色 积水深度 ≥ 30 cm；500105：不判；c：一次满足即触发；低于阈值的 80 %即解除")
    assert en.endswith(
        "a, b: red street water depth ≥ 30 cm; 500105: not judged;"
        " c: raised at once; cleared under 80 % of the threshold, at once"
    )


def test_every_shipped_rule_says_each_of_its_levels() -> None:
    for rule in load_rules(CONFIG / "rules"):
        for language in ("zh", "en"):
            said = sentences(rule, language)
            assert said.whole(language)
            levels = getattr(rule, "levels", None)
            graded = {name for name in ("blue", "yellow", "orange", "red") if getattr(levels, name, None) is not None}
            assert graded <= set(said.levels), rule.id
            assert "None" not in said.whole(language), rule.id
            assert "{" not in said.whole(language), rule.id
