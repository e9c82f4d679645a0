"""A rule as sentences in Chinese and English, made from the checked rule, so that they cannot be out of date."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from alerts.levels import GRADES
from alerts.rule_phrases import (
    GRADE_WORDS,
    MEASURE_KEYS,
    Conditions,
    Form,
    Language,
    line,
    measure_unit,
    measured,
    over,
    quantity_word,
    span,
    unit_word,
    with_unit,
)
from alerts.rules import AnyRule
from ingest.quantities import Quantity, load_quantities

_WITHIN = {
    "zh": {
        "grid": "同一网格",
        "township": "同一乡镇街道",
        "touching": "本网格与相邻网格",
        "radius_m": "半径 {radius:g} 米",
    },
    "en": {
        "grid": "one grid",
        "township": "one township",
        "touching": "a grid and those that touch it",
        "radius_m": "{radius:g} m",
    },
}


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """A rule in one language."""

    levels: dict[str, str]  # grade → what it takes
    terms: str  # how often, how long, and when it is over
    overrides: tuple[str, ...]

    def whole(self, language: Language) -> str:
        """All of it on one line."""
        colon, stop = ("：", "；") if language == "zh" else (": ", "; ")
        graded = [f"{GRADE_WORDS[language][grade]}{colon}{told}" for grade, told in self.levels.items()]
        return stop.join(filter(None, [*graded, self.terms, *self.overrides]))


@cache
def _quantities() -> dict[str, Quantity]:
    return load_quantities()


def form_of(rule: AnyRule) -> dict[str, Any]:
    """The rule as its file has it, defaults filled in."""
    built = _written(msgspec.to_builtins(rule))
    assert isinstance(built, dict)
    return built


def _written(value: Any) -> Any:
    """Without what is left out."""
    if isinstance(value, Mapping):
        return {key: _written(one) for key, one in value.items() if one is not None}
    return [_written(one) for one in value] if isinstance(value, list | tuple) else value


def sentences(rule: AnyRule, language: Language) -> Sentences:
    """What raises the rule at each level, and what clears it."""
    form = form_of(rule)
    return Sentences(
        levels={grade: told for grade in GRADES if (told := _level(form, grade, language))},
        terms=_terms(form, language),
        overrides=tuple(_override(form, one, language) for one in form.get("override", ())),
    )


def _level(form: Form, grade: str, language: Language) -> str:
    special = _KINDS.get(form["kind"])
    if special is not None:
        return special(form, grade, language)
    written = (form.get("levels") or {}).get(grade)
    return "" if written is None else _judged(form, written, language)


def _judged(form: Form, written: object, language: Language) -> str:
    """A threshold with its measure, or a condition."""
    level = _as_level(written)
    if form["kind"] == "condition":
        return Conditions(form, _quantities(), language).told(level)
    measure = {**(form.get("measure") or {}), **{key: level[key] for key in MEASURE_KEYS if level.get(key)}}
    word = quantity_word(form.get("quantity") or "", _quantities(), language)
    unit = measure_unit(form.get("unit") or "", measure)
    compared = line(level, unit, above=form.get("direction") != "below", language=language)
    return f"{measured(word, measure, language)} {compared}".strip()


def _as_level(written: object) -> dict[str, Any]:
    if not isinstance(written, Mapping):
        return {"value": written}
    return {**written, **(written.get("measure") or {})}


def _event(form: Form, grade: str, language: Language) -> str:
    if form.get("level") != grade:
        return ""
    word = quantity_word(form.get("quantity") or "", _quantities(), language)
    return f"收到{word}即触发" if language == "zh" else f"{word} is reported"


def _count(form: Form, grade: str, language: Language) -> str:
    written = (form.get("levels") or {}).get(grade)
    if written is None:
        return ""
    level = written if isinstance(written, Mapping) else {"at_least": written}
    at = GRADE_WORDS[language][level.get("level") or form["level"]]
    share, number = level.get("fraction"), level.get("at_least")
    within = _WITHIN[language][form["within"]].format(radius=form.get("radius_m", 0))
    if language == "zh":
        many = "且".join(filter(None, [number and f"{number} 处", share and f"{share * 100:g} %"]))
        return f"{within}内至少 {many}的规则 {form['of']} 达到{at}及以上"
    many = " and ".join(filter(None, [number and str(number), share and f"{share * 100:g} %"]))
    return f"at least {many} of rule {form['of']} within {within} at {at} or graver"


def _silence(form: Form, grade: str, language: Language) -> str:
    if grade not in {form.get("level"), *(form.get("levels") or {})}:
        return ""
    words = [quantity_word(name, _quantities(), language) for name in form.get("quantities", ())]
    intervals, whole = form.get("intervals", 3), "gateway" in form["subjects"]
    if language == "zh":
        told = f"{'、'.join(words)}超过上报间隔的 {intervals:g} 倍没有数据"
        return told + ("；网关下全部失联时只报网关" if whole else "")
    of = f" of {', '.join(words)}" if words else ""
    told = f"no data{of} for {intervals:g} × its interval"
    return told + ("; a gateway with all of its sensors silent is one alert" if whole else "")


def _stuck(form: Form, grade: str, language: Language) -> str:
    if grade not in {form.get("level"), *(form.get("levels") or {})}:
        return ""
    tolerance = with_unit(form.get("tolerance") or 0.0, unit_word(form.get("unit") or ""))
    word = quantity_word(form.get("quantity") or "", _quantities(), language)
    window, least = over(form, language), form.get("at_least", 2)
    rest = form.get("resting")
    if language == "zh":
        besides = "" if rest is None else f"（停在 {rest:g} 不算）"
        return f"{window}内不少于 {least} 个{word}读数变动不超过 {tolerance}{besides}"
    besides = "" if rest is None else f" (resting at {rest:g} does not count)"
    return f"{least} or more readings of {word} in {window} differ by no more than {tolerance}{besides}"


_KINDS = {"event": _event, "count": _count, "silence": _silence, "stuck": _stuck}


def _warning(form: Form, language: Language) -> str:
    if language == "zh":
        return f"官方预警 {form['event']} 发布到乡镇街道即触发，级别按其颜色"
    return f"an official warning {form['event']} for a township raises it, at the warning's own colour"


def _terms(form: Form, language: Language) -> str:
    if form["kind"] == "warning":
        return _warning(form, language)
    if form["kind"] == "step":
        limit = with_unit(form.get("limit") or 0.0, unit_word(form.get("unit") or ""))
        within = span(form["within_s"], language)
        if language == "zh":
            return f"与 {within}内的上一读数相差超过 {limit} 的读数标为可疑，不触发告警"
        return f"a reading more than {limit} from the one before, within {within}, is marked suspect, no alert"
    parts = [_raise(form, language), _clear(form, language)]
    return ("；" if language == "zh" else "; ").join(filter(None, parts))


def _raise(form: Form, language: Language) -> str:
    times, hold = form.get("raise_after"), form.get("hold_s")
    if not times:
        return ""
    if language == "zh":
        held = f"持续满足 {span(hold, language)}" if hold else ""
        many = f"连续 {times} 次满足" if times > 1 else ""
        return f"{'且'.join(filter(None, [many, held])) or '一次满足'}即触发"
    many = f"after {times} samples in a row" if times > 1 else ""
    held = f"once it has held for {span(hold, language)}" if hold else ""
    return f"raised {' and '.join(filter(None, [many, held])) or 'at once'}"


def _clear(form: Form, language: Language) -> str:
    if form.get("clear_for_s") is None:
        return ""
    back, held = _back(form, language), span(form["clear_for_s"], language)
    if language == "zh":
        return f"{back}，保持 {held}后解除" if form["clear_for_s"] else f"{back}即解除"
    return f"cleared {back} for {held}" if form["clear_for_s"] else f"cleared {back}, at once"


def _back(form: Form, language: Language) -> str:
    """How far back a value has to go."""
    down = form.get("direction") == "below"
    if form.get("margin") is not None:
        size = (
            with_unit(form["margin"], measure_unit(form.get("unit", ""), _first_measure(form)))
            if form["margin"]
            else ""
        )
        if language == "zh":
            return f"{'高' if down else '低'}于阈值 {size}".strip()
        return f"{size} {'over' if down else 'under'} the threshold".strip()
    if form.get("margin_fraction") is not None:
        share = (1 + form["margin_fraction"] if down else 1 - form["margin_fraction"]) * 100
        if language == "zh":
            return f"{'高' if down else '低'}于阈值的 {share:g} %"
        return f"{'over' if down else 'under'} {share:g} % of the threshold"
    return "不再满足" if language == "zh" else "once it is not met any more"


def _first_measure(form: Form) -> Form:
    """A margin is in the unit of what is compared; levels of one rule are compared in one unit."""
    levels = form.get("levels", {}).values()
    own = next((level for level in levels if isinstance(level, Mapping) and level.get("of")), {})
    return own or form.get("measure", {})


def _override(form: Form, one: Form, language: Language) -> str:
    """What is otherwise for some sensors or divisions."""
    colon, comma = ("：", "、") if language == "zh" else (": ", ", ")
    sensors, divisions = one.get("sensors") or (), one.get("divisions") or ()
    whose = comma.join(map(str, (*sensors, *divisions)))
    if one.get("enabled") is False:
        return f"{whose}{colon}{'不判' if language == 'zh' else 'not judged'}"
    changed = {key: value for key, value in one.items() if key not in {"sensors", "divisions", "enabled"}}
    other = {key: value for key, value in form.items() if key not in _margins(changed)} | changed
    graded = [
        f"{GRADE_WORDS[language][grade]} {told}"
        for grade in (changed.get("levels") or {})
        if grade in GRADES and (told := _level(other, grade, language))
    ]
    if form["kind"] in _KINDS:
        graded = [told for grade in GRADES if (told := _level(other, grade, language))]
    terms = [_terms(other, language)] if set(changed) - {"levels"} else []
    return f"{whose}{colon}{comma.join(filter(None, [*graded, *terms]))}"


def _margins(changed: Form) -> set[str]:
    """A margin of one kind takes the place of the other."""
    both = {"margin", "margin_fraction"}
    return both if both & changed.keys() else set()
