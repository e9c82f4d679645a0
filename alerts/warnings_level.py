"""The colour of an official warning, from the words that senders use for it."""

import re
from collections.abc import Iterable

from alerts.levels import GRADES, Grade, rank

_SEVERITY: dict[str, Grade] = {"minor": "blue", "moderate": "yellow", "severe": "orange", "extreme": "red"}
_WORDS: dict[Grade, str] = {"blue": "蓝|藍", "yellow": "黄|黃", "orange": "橙", "red": "红|紅"}
_GRADES: dict[Grade, tuple[str, ...]] = {
    "red": ("Ⅰ", "I", "一"),
    "orange": ("Ⅱ", "II", "二"),
    "yellow": ("Ⅲ", "III", "三"),
    "blue": ("Ⅳ", "IV", "四"),
}
_NAMES = re.compile(r"colou?r|awareness_level|alert_?level|warning_?level|颜色|级别|等级", re.IGNORECASE)
_CHANGED = re.compile(r"为[^,。;,;]{0,4}?([蓝藍黄黃橙红紅])色")  # 升级为红色, 调整为橙色

EVENTS: dict[str, str] = {
    "11A01": "洪水",
    "11B03": "暴雨",
    "11B06": "大风",
    "11B09": "高温",
    "11B25": "森林火险",
    "11B36": "渍涝",
    "11B37": "地质灾害气象风险",
}


def level_of(parameters: Iterable[tuple[str, str]], severity: str, headline: str) -> Grade | None:
    """The colour by a parameter that names it, else by the severity, else by the headline.

    `parameters`: (name, value). GB/T 35965.1 writes the colour itself as severity. None: nobody says.
    """
    for about, value in parameters:
        found = _colour(value) if _NAMES.search(about) else None
        if found:
            return found
    return _SEVERITY.get(severity.strip().lower()) or _colour(severity) or _of_headline(headline)


def _colour(text: str) -> Grade | None:
    """The gravest colour named in Chinese or English, or a grade (Ⅱ级) standing alone."""
    named = [grade for grade in GRADES if re.search(rf"{_WORDS[grade]}|\b{grade}\b", text, re.IGNORECASE)]
    if named:
        return max(named, key=rank)
    grade = re.sub(r"级$|級$", "", text.strip())
    return next((colour for colour, written in _GRADES.items() if grade in written), None)


def _of_headline(text: str) -> Grade | None:
    changed = _CHANGED.search(text)
    named = changed[1] if changed else "".join(re.findall(r"([蓝藍黄黃橙红紅])色", text))
    return _colour(named) or _colour(" ".join(re.findall(r"[Ⅰ-Ⅳ]级", text)[:1]))
