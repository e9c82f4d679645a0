"""Parts of rules in words, Chinese and English: spans, measures, lines and conditions.

They read the form that a rule file has (`msgspec.to_builtins` of the checked rule), so what is told is
what judges.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from alerts.rule_expressions import expression
from alerts.rule_formulas import in_words, unit_of
from ingest.quantities import Quantity

Language = Literal["zh", "en"]
Form = Mapping[str, Any]

LANGUAGES: tuple[Language, ...] = ("zh", "en")
GRADE_WORDS = {
    "zh": {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"},
    "en": {"blue": "blue", "yellow": "yellow", "orange": "orange", "red": "red"},
}
_OWN_LEVELS = {
    "zh": {"warning": "警戒水位", "guarantee": "保证水位", "highest": "历史最高水位"},
    "en": {"warning": "the warning level", "guarantee": "the guarantee level", "highest": "the highest on record"},
}
_MEASURES = {
    "zh": {
        "sum": "{q} {span}累计", "mean": "{q} {span}平均", "min": "{q} {span}最小值", "max": "{q} {span}最大值",
        "range": "{q} {span}内变幅", "count": "{q} {span}内读数个数",
        "change": "{q} {span}变化量", "rate": "{q} {span}变化速率",
    },
    "en": {
        "sum": "sum of {q} over {span}", "mean": "mean {q} over {span}", "min": "least {q} in {span}",
        "max": "greatest {q} in {span}", "range": "range of {q} in {span}", "count": "readings of {q} in {span}",
        "change": "change of {q} over {span}", "rate": "rate of change of {q} over {span}",
    },
}  # fmt: skip
_UNITS = {
    "degC": "°C", "percent": "%", "degree": "°", "minute": "min", "dimensionless": "", "m ** 3 / s": "m³/s",
    "m ** 3": "m³", "microgram / m ** 3": "µg/m³",
}  # fmt: skip
_SECONDS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SPAN_WORDS = {"zh": {"d": "天", "h": "小时", "min": "分钟", "s": "秒"}, "en": {}}
MEASURE_KEYS = (
    "of", "over_s", "over_h", "over_d", "ago_s", "ago_h", "ago_d", "full", "per", "abs", "at_least", "at_most",
)  # fmt: skip


def span(seconds: float, language: Language) -> str:
    """90000 → 25 小时; in the largest unit that it is a whole number of."""
    unit, size = next(((unit, size) for unit, size in _SECONDS if seconds >= size and seconds % size == 0), ("s", 1))
    return f"{seconds / size:g} {_SPAN_WORDS[language].get(unit, unit)}"


def over(measure: Form, language: Language) -> str:
    """The length of a measure's window; empty without one."""
    return _span_of(measure, "over", language)


def _span_of(measure: Form, name: str, language: Language) -> str:
    for letter, size in (("s", 1), ("h", 3_600), ("d", 86_400)):
        if length := measure.get(f"{name}_{letter}"):
            return span(length * size, language)
    return ""


def unit_word(unit: str) -> str:
    """A unit of the pint library as people write it."""
    return _UNITS.get(unit, unit)


def quantity_word(name: str, quantities: Mapping[str, Quantity], language: Language) -> str:
    """What people call a quantity."""
    known = quantities.get(name)
    word = getattr(known, language) if known else name
    return word if language == "zh" or word.isupper() else word[:1].lower() + word[1:]


def measured(quantity: str, measure: Form, language: Language) -> str:
    """What is compared: the quantity itself or a figure of its window."""
    of = measure.get("of", "value")
    if of == "days":
        return _days(quantity, measure, language)
    form = _MEASURES[language].get(of, "{q}" if of == "value" else f"{of}({{q}}, {{span}})")
    told = form.format(q=quantity, span=over(measure, language))
    if ago := _span_of(measure, "ago", language):
        told = f"截至 {ago}前的{told}" if language == "zh" else f"{told} ending {ago} before"
    if measure.get("full"):
        told += "（满窗才判）" if language == "zh" else " (once full)"
    return (f"{told}（绝对值）" if language == "zh" else f"{told}, without its sign") if measure.get("abs") else told


def _days(quantity: str, measure: Form, language: Language) -> str:
    least = measure.get("at_least")
    sign, limit = ("≥", least) if least is not None else ("≤", measure.get("at_most", 0.0))
    if language == "zh":
        return f"{quantity}每日{'最大' if least is not None else '最小'}值 {sign} {limit:g} 的连续天数"
    return f"number of days in a row with {quantity} {sign} {limit:g}:"


def measure_unit(unit: str, measure: Form) -> str:
    """The unit of what is compared."""
    if measure.get("of") in ("count", "days"):
        return ""
    return f"{unit_word(unit)}/{measure.get('per', 'h')}" if measure.get("of") == "rate" else unit_word(unit)


def with_unit(value: float, unit: str) -> str:
    """A number and its unit: 0.5 m, 90 %, 15°."""
    return f"{value:g}{unit}" if unit in {"", "°"} else f"{value:g} {unit}"


def line(level: Form, unit: str, *, above: bool, language: Language) -> str:
    """A comparison with one level: ≥ 50 mm, or with a level of the sensor's own."""
    if level.get("low") is not None and level.get("high") is not None:
        return f"{with_unit(level['low'], '')} – {with_unit(level['high'], unit)}"
    sign = {(True, False): "≥", (True, True): ">", (False, False): "≤", (False, True): "<"}[
        above, bool(level.get("strict"))
    ]
    if level.get("from"):
        return f"{sign} {_own_level(level, unit, language)}"
    return f"{sign} {with_unit(level.get('value') or 0.0, unit)}"


def _own_level(level: Form, unit: str, language: Language) -> str:
    name = _OWN_LEVELS[language].get(level["from"]) or (
        f"测站自身的 {level['from']}" if language == "zh" else f"the sensor's own {level['from']}"
    )
    offset = level.get("offset") or 0.0
    if not offset:
        return name
    size = with_unit(abs(offset), unit)
    if language == "zh":
        return f"{name}{'以上' if offset > 0 else '以下'} {size}"
    return f"{size} {'over' if offset > 0 else 'under'} {name}"


class Conditions:
    """Conditions of one rule in words."""

    def __init__(self, rule: Form, quantities: Mapping[str, Quantity], language: Language) -> None:
        self._rule = rule
        self._quantities = quantities
        self._language = language
        self._zh = language == "zh"
        self._nodes: dict[str, Callable[[Any, Form], str]] = {
            "all": self._all,
            "any": self._any,
            "not": self._not,
            "during": self._during,
            "warning": self._warning,
            "expression": self._expression,
        }

    def told(self, node: Form) -> str:
        """One node with all that is under it."""
        for key, tell in self._nodes.items():
            if node.get(key) is not None:
                return tell(node[key], node)
        return self._leaf(node)

    def _all(self, parts: Sequence[Form], _: Form) -> str:
        return ("，且 " if self._zh else " and ").join(map(self._part, parts))

    def _any(self, parts: Sequence[Form], _: Form) -> str:
        return (" 或 " if self._zh else " or ").join(map(self._part, parts))

    def _part(self, node: Form) -> str:
        told = self.told(node)
        nested = len(node.get("all") or node.get("any") or ()) > 1
        return f"（{told}）" if nested and self._zh else f"({told})" if nested else told

    def _not(self, part: Form, _: Form) -> str:
        return f"并非（{self.told(part)}）" if self._zh else f"not ({self.told(part)})"

    def _during(self, when: Form, _: Form) -> str:
        told = []
        if when.get("months"):
            first, last = when["months"]
            told.append(f"{first} 月至 {last} 月" if self._zh else f"months {first} to {last}")
        if when.get("hours"):
            first, last = when["hours"]
            told.append(f"每日 {first} 至 {last}" if self._zh else f"{first} to {last} each day")
        return ("" if self._zh else "during ") + ("，" if self._zh else ", ").join(told)

    def _warning(self, event: str, node: Form) -> str:
        grade = GRADE_WORDS[self._language][node.get("level", "blue")]
        if self._zh:
            return f"官方预警 {event} {grade}及以上生效中"
        return f"an official warning {event}, {grade} or graver, is in force"

    def _expression(self, text: str, node: Form) -> str:
        formula = expression(text)
        terms = {term["name"]: term for term in node.get("terms") or ()}
        looked_at = {name: terms.get(name) or {"quantity": name} for name in formula.names}
        quotes = "「{}」" if self._zh else "‘{}’"
        words = {name: self._figure(one) for name, one in looked_at.items()}
        words |= {name: quotes.format(words[name]) for name in terms}
        unit = unit_of(formula, {name: self._unit(one) for name, one in looked_at.items()})
        return f"{in_words(formula, words)} {self._comparison(node, unit)}"

    def _leaf(self, node: Form) -> str:
        return f"{self._figure(node)} {self._comparison(node, self._unit(node))}"

    def _figure(self, node: Form) -> str:
        word = quantity_word(self._name(node), self._quantities, self._language)
        return measured(word, node, self._language)

    def _unit(self, node: Form) -> str:
        return measure_unit(self._rule["units"].get(self._name(node), ""), node)

    def _name(self, node: Form) -> str:
        return str(node.get("quantity") or next(iter(self._rule["units"])))

    def _comparison(self, node: Form, unit: str) -> str:
        side = next((side for side in ("above", "below") if node.get(side) is not None), None)
        level: Form = node if side is None else {**_level(node[side]), "strict": node.get("strict")}
        return line(level, unit, above=side != "below", language=self._language)


def _level(written: object) -> dict[str, Any]:
    return dict(written) if isinstance(written, Mapping) else {"value": written}
