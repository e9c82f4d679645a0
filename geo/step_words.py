"""Why a step was refused, in Chinese and English: one table, by code."""

from collections.abc import Mapping

_FORMS: dict[str, tuple[str, str]] = {
    # what was asked cannot be understood
    "malformed": ("步骤写错了：{field}：{detail}", "the step is malformed: {field}: {detail}"),
    "too_large": (
        "一步最多 {limit} 个（{field} 有 {count} 个）：分几步做",
        "{field} has {count}, at most {limit} fit one step: take several",
    ),
    "unknown_unit": ("没有 {unit}：可能刚被删除或合并，重新选择", "there is no unit {unit}: select it again"),
    "unit_exists": ("{unit} 已经有了", "there is a unit {unit} already"),
    "unknown_parent": ("上级 {parent} 不在这份草案里", "the parent {parent} is not of this draft"),
    "same_unit": ("两个是同一个：{unit}", "both are the same unit: {unit}"),
    "too_few": ("至少选两个", "select at least two units"),
    "empty_name": ("名称不能为空", "the name must not be empty"),
    "nothing": ("没有变化", "nothing would change"),
    # the place
    "no_vertex": ("{lon}, {lat} 处没有顶点：刷新后重试", "there is no vertex at {lon}, {lat}: reload and try again"),
    "no_edge": ("那里没有这条边：刷新后重试", "there is no such edge: reload and try again"),
    "no_border": (
        "这不是一条完整的共有边界：旧线要沿着顶点走，中间不能有三方交点",
        "this is not one border: the old course must follow its vertices, with no junction of three in between",
    ),
    "ends_differ": ("新旧边界的两端要相同", "the new course must begin and end where the old one does"),
    "vertex_taken": ("那里已有顶点", "there is a vertex at that place already"),
    "junction": (
        "{lon}, {lat} 是几方的交点或拐点，不能删除",
        "{lon}, {lat} is where several meet: it cannot be removed",
    ),
    "parent_border": (
        "顶点在上级“{parent}”的边界上，只能沿边界移动",
        "the vertex is on the border of {parent}: it can only slide along it",
    ),
    "parent_corner": (
        "顶点是上级“{parent}”边界的拐点，不能移动",
        "the vertex is a corner of the border of {parent}: it cannot be moved",
    ),
    "broken": (
        "“{name}”的图形无效：先按检查结果修正",
        "the shape of {name} is invalid: mend it first, as the findings offer",
    ),
    # the outcome
    "not_computable": (
        "这一步算不出正确的图形：换一种画法",
        "no sound shape comes of this step: draw it in another way",
    ),
    "collapsed": ("“{name}”会没有面积", "{name} would have no area left"),
    "invalid": ("“{name}”的边界会自相交（{lon}, {lat}）", "the border of {name} would cross itself at {lon}, {lat}"),
    "overlap": (
        "“{name}”会与“{other}”重叠 {m2} 平方米",
        "{name} would overlap {other} by {m2} m²",
    ),
    "unjoined": (
        "“{name}”的新边界离别的顶点太近，对不上：离远一点，或直接吸附到顶点",
        "the new border of {name} passes too near to a vertex to be joined: keep away from it, or snap to it",
    ),
    "gap": ("会留下 {m2} 平方米的空白", "a gap of {m2} m² would be left"),
    "outside": (
        "“{name}”会超出上级“{parent}” {m2} 平方米",
        "{name} would leave {parent} by {m2} m²",
    ),
    "not_cut": (
        "线没有把“{name}”切开：两端都要到边界",
        "the line does not cut {name}: both ends must reach its border",
    ),
    "line_crosses": ("线自相交：重画", "the line crosses itself: draw it again"),
    "too_many_parts": (
        "线把“{name}”切成 {parts} 块：画简单些",
        "the line cuts {name} into {parts}: draw a simpler one",
    ),
    "bad_piece": ("选的一块不是正确的多边形：重画", "the piece is no valid polygon: draw it again"),
    "empty_piece": ("选的一块不在“{name}”里", "the piece is not inside {name}"),
    "whole_piece": ("选的一块是“{name}”的全部：请用合并", "the piece is the whole of {name}: merge instead"),
    "not_touching": ("“{name}”与“{other}”不相邻", "{name} and {other} do not touch"),
    "other_parent": ("“{name}”与“{other}”的上级不同", "{name} and {other} belong to different parents"),
    "does_not_fit": (
        "“{name}”在“{parent}”的新边界里剩下不到一半：先重画它",
        "less than half of {name} lies in the new border of {parent}: draw it anew first",
    ),
    "no_polygon": ("“{name}”的图形不是多边形，或者是空的", "the geometry of {name} is no polygon, or is empty"),
    "not_lonlat": ("“{name}”的坐标不是经纬度", "the coordinates of {name} are not longitude and latitude"),
}


def reason(code: str, values: Mapping[str, str | int | float]) -> tuple[str, str]:
    """(Chinese, English)."""
    zh, en = _FORMS[code]
    return zh.format_map(values), en.format_map(values)
