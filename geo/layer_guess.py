"""What a layer from somebody else most likely is: coordinate system, level, fields; with the reason and what else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geo.crs import is_shifted
from geo.datums import transformation
from geo.layer_file import USUAL, usual_field
from geo.layer_fit import Candidate, ranked
from geo.layer_known import Known
from geo.layer_rows import plain
from geo.layer_table import Table

_SURE = 0.01  # of a score: what is nearer cannot be told apart
_LEAST_FIT = 0.3
_DIGITS = {"district": (6,), "township": (9,), "grid": (15,)}
_LEVEL_ZH = {"city": "城市", "district": "区县", "township": "镇街", "grid": "网格"}
_CODE = re.compile(r"^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$")
_SHARE = 0.5  # of a column's values that must be what it is taken for


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that it may be."""

    value: str
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What is taken unless somebody says otherwise."""

    value: str  # "" where there is nothing to take
    zh: str  # why
    en: str
    options: tuple[Option, ...]  # the likeliest first
    sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Guesses:
    """All that has to be known before a layer can be compared; `crs` is a key of geo.layer_fit."""

    crs: Guess
    level: Guess
    encoding: Guess
    layer: Guess
    fields: Mapping[str, Guess]  # by role: name, code, parent, district, kind, households


def guess(table: Table, known: Known) -> Guesses:
    """Look at a layer beside what we have."""
    fields = {role: _field(table, known, role) for role in USUAL}
    level = _level(table, known, fields)
    return Guesses(
        crs=_crs(table, known, fields["name"].value),
        level=level,
        encoding=Guess(
            value=table.encoding.value, zh=table.encoding.zh, en=table.encoding.en,
            options=tuple(Option(value=one, zh=one, en=one) for one in table.encoding.options),
        ),
        layer=Guess(
            value=table.layer, zh="要素最多" if len(table.layers) > 1 else "仅此一层",
            en="it has the most features" if len(table.layers) > 1 else "there is one only",
            options=tuple(Option(value=one, zh=one, en=one) for one in table.layers),
        ),
        fields=fields,
    )  # fmt: skip


def _crs(table: Table, known: Known, name_field: str) -> Guess:
    there = np.flatnonzero([shape is not None for shape in table.geometries]).tolist()
    if not there:
        return Guess(value="", zh="没有可判断的面", en="there is no area to tell it from", options=(), sure=False)
    texts = table.columns.get(name_field, [""] * table.rows)
    found = ranked(table.geometries[there], [plain(texts[i]) for i in there], known, table.declared)
    lying = [one for one in found if one.score >= 0]
    if not lying:
        return Guess(
            value=table.declared or "", zh="按任何坐标系换算都不在本市附近，请填写坐标系",
            en="by none of the systems that are tried does it lie here: name it", options=(), sure=False,
        )  # fmt: skip
    best, alike = _chosen(lying, table.declared)
    zh, en = _why(best, lying, table.declared, alike=alike)
    return Guess(value=best.key, zh=zh, en=en, options=tuple(_option(one) for one in lying), sure=not alike)


def _chosen(lying: Sequence[Candidate], declared: str | None) -> tuple[Candidate, bool]:
    """The one to take, and whether another fits as well that lies elsewhere."""
    best = lying[0]
    near = [one for one in lying if best.score - one.score < _SURE]
    said = next((one for one in near if one.crs == declared and not one.swapped), None)
    if said is not None:
        best = said
    alike = any(_lies_apart(one, best) for one in near)
    return best, alike or best.score < _LEAST_FIT


def _lies_apart(one: Candidate, other: Candidate) -> bool:
    """Whether two readings put a layer tens of metres apart or more."""
    if is_shifted(one.crs) or is_shifted(other.crs):
        return one.crs != other.crs
    old = ["1954" in transformation(each.crs).name for each in (one, other)]
    return old[0] != old[1] or one.swapped != other.swapped


def _why(best: Candidate, lying: Sequence[Candidate], declared: str | None, *, alike: bool) -> tuple[str, str]:
    other = next((one for one in lying if one is not best and best.score - one.score >= _SURE), None)
    said = best.crs == declared and not best.swapped
    zh, en = ("文件声明；", "the file says so; ") if said else ("", "")
    if declared and not said:
        zh, en = f"文件声明 {declared}，但按此不相符；", f"the file says {declared}, which does not fit; "
    if best.score >= _LEAST_FIT:
        level = _LEVEL_ZH.get(best.level, "")
        zh += f"与现有{level}边界重合 {best.score:.1%}"
        en += f"{best.score:.1%} of it covers the {best.level} boundaries that we have"
        if other is not None:
            zh += f"（{other.key} 为 {max(other.score, 0):.1%}）"
            en += f" ({max(other.score, 0):.1%} as {other.key})"
    else:
        zh += "坐标范围相符，此处没有可比对的边界"
        en += "its range of coordinates suits; there are no boundaries here to hold it against"
    if alike:
        zh += "；仅凭重合度不能排除其他坐标系，请向提供方核实"
        en += "; the fit cannot rule out another system: ask whoever gave it"
    return zh, en


def _option(one: Candidate) -> Option:
    swapped = ("（坐标轴对调）", " (axes swapped)") if one.swapped else ("", "")
    name = one.crs if is_shifted(one.crs) else f"{one.crs} {transformation(one.crs).name}"
    share = f" · {one.score:.1%}" if one.score > 0 else ""
    return Option(value=one.key, zh=f"{name}{swapped[0]}{share}", en=f"{name}{swapped[1]}{share}")


def _level(table: Table, known: Known, fields: Mapping[str, Guess]) -> Guess:
    """By the names that we know, else by the codes' length, else grids: what is new is mostly that."""
    names = {plain(text) for text in table.columns.get(fields["name"].value, ())} - {""}
    options = tuple(Option(value=one, zh=zh, en=one) for one, zh in _LEVEL_ZH.items())
    shares = {level: len(names & known.names[level]) / max(1, len(names)) for level in _LEVEL_ZH}
    best = max(shares, key=lambda level: shares[level])
    if shares[best] >= _SHARE:
        return Guess(
            value=best, zh=f"{shares[best]:.0%} 的名称是现有{_LEVEL_ZH[best]}",
            en=f"{shares[best]:.0%} of its names are {best}s that we have", options=options,
        )  # fmt: skip
    codes = [plain(text) for text in table.columns.get(fields["code"].value, ())]
    for level, lengths in _DIGITS.items():
        if codes and sum(len(code) in lengths for code in codes) / len(codes) >= _SHARE:
            zh = f"代码为 {lengths[0]} 位"
            return Guess(value=level, zh=zh, en=f"its codes have {lengths[0]} digits", options=options)
    return Guess(
        value="grid", zh="名称和代码都不是现有区划，多半是新网格",
        en="neither its names nor its codes are ours: most likely new grids", options=options, sure=False,
    )  # fmt: skip


def _field(table: Table, known: Known, role: str) -> Guess:
    options = (Option(value="", zh="不使用", en="not used"), *(Option(value=o, zh=o, en=o) for o in table.columns))
    usual = usual_field(tuple(table.columns), role)
    if usual is not None and (role != "name" or any(plain(text) for text in table.columns[usual])):
        return Guess(value=usual, zh="常用的字段名", en="a usual name of that field", options=options)
    scores = {name: _like(role, [plain(v) for v in values], known) for name, values in table.columns.items()}
    best = max(scores, key=lambda name: scores[name], default="")
    if best and scores[best] >= _SHARE:
        share = f"{scores[best]:.0%}"
        return Guess(value=best, zh=f"{share} 的值像{_ROLE_ZH[role]}", en=f"{share} of its values look like one",
                     options=options, sure=False)  # fmt: skip
    return Guess(value="", zh="没有像的字段", en="no field looks like it", options=options, sure=role != "name")


_ROLE_ZH = {"name": "名称", "code": "代码", "parent": "上级", "district": "区县", "kind": "类型", "households": "户数"}


def _like(role: str, values: Sequence[str], known: Known) -> float:
    """How much of a column looks like what a role holds."""
    filled = [value for value in values if value]
    if not filled:
        return 0.0
    if role == "name":
        chinese = sum(any("\u4e00" <= sign <= "\u9fff" for sign in value) for value in filled) / len(values)
        ours = sum(any(value in known.names[level] for level in _LEVEL_ZH) for value in filled) / len(values)
        return chinese * len(set(filled)) / len(values) * 0.9 + ours * 0.1
    if role == "code":
        return sum(bool(_CODE.match(value)) for value in filled) / len(values) * len(set(filled)) / len(values)
    if role == "parent":
        above = known.names["township"] | known.codes["township"]
        return sum(value in above for value in filled) / len(values) if len(set(filled)) < len(filled) else 0.0
    if role == "district":
        return sum(value in known.names["district"] for value in filled) / len(values) if len(filled) > 1 else 0.0
    return 0.0  # kinds and households go by their usual names alone
