"""What may be wrong with a layer, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from geo.layer_faults import LayerFault


@dataclass(frozen=True, kw_only=True)
class Words:
    """A kind of fault; `way`: how it is mended where we do not."""

    zh: str
    en: str
    way_zh: str = ""
    way_en: str = ""


FAULTS: Mapping[str, Words] = {
    "shx_missing": Words(zh="缺少 .shx 索引文件，已重建", en="the .shx is missing: it was made again"),
    "dbf_missing": Words(
        zh="缺少 .dbf 属性表，没有名称和代码", en="the .dbf is missing: there are no names or codes",
        way_zh="请连同 .dbf 一起打包上传", way_en="send the .dbf with it",
    ),
    "text_cut": Words(
        zh="文字被字段宽度截断", en="a text is cut by the width of its field",
        way_zh="请核对名称", way_en="look at the name",
    ),
    "no_geometry": Words(
        zh="该行没有图形", en="the row has no shape", way_zh="请补绘或删除该行", way_en="draw it or delete the row"
    ),
    "empty": Words(
        zh="该行图形为空", en="the row's shape is empty", way_zh="请补绘或删除该行", way_en="draw it or delete the row"
    ),
    "unreadable": Words(
        zh="图形无法读取（曲线或数据损坏）", en="the shape cannot be read (curves, or damaged)",
        way_zh="请转换为折线面后重新导出", way_en="export it as plain polygons",
    ),
    "not_finite": Words(
        zh="坐标中有无效数值", en="a coordinate is no number", way_zh="请重新导出", way_en="export it again"
    ),
    "collapsed": Words(
        zh="图形没有面积", en="the shape has no area", way_zh="请补绘或删除", way_en="draw it or delete it"
    ),
    "not_polygon": Words(
        zh="不是面（点、线或文字）", en="no area (a point, a line, a text)",
        way_zh="请只导出面图层", way_en="export areas alone",
    ),
    "open_line": Words(
        zh="折线未闭合，不能作为边界", en="the line is not closed, so it is no outline",
        way_zh="请在图纸中闭合该线", way_en="close it in the drawing",
    ),
    "unclosed": Words(zh="环未闭合，已首尾相连", en="a ring was not closed: it is"),
    "mixed": Words(zh="混有点或线，已只取面", en="points or lines among areas: the areas are taken"),
    "duplicate_vertices": Words(zh="有重复顶点，已删除", en="vertices twice in a row: taken out"),
    "orientation": Words(zh="环的方向不符合右手规则，已调整", en="rings do not go by the right-hand rule: turned"),
    "crumb": Words(zh="有极小的碎片或孔洞，已去除", en="a tiny part or hole: taken away"),
    "self_crossing": Words(
        zh="边线自相交", en="the border crosses itself",
        way_zh="请在制图软件中修正后重新上传", way_en="mend it where it was drawn",
    ),
    "duplicate_shape": Words(zh="与另一行图形完全相同，只取其一", en="the same shape as another row: taken once"),
    "joined": Words(zh="同一区划有多行，已合并", en="several rows of one division: joined"),
    "duplicate_name": Words(
        zh="同一上级内名称重复", en="a name twice in one parent", way_zh="请改名", way_en="name them apart"
    ),
    "duplicate_code": Words(zh="代码重复", en="a code twice", way_zh="请改代码", way_en="give them codes of their own"),
    "code_differs": Words(
        zh="代码与现有的不同", en="the code differs from ours", way_zh="按现有代码", way_en="ours is kept"
    ),
    "no_name": Words(zh="没有名称", en="it has no name", way_zh="请填写名称", way_en="name it"),
    "no_parent": Words(
        zh="不知属于哪个上级", en="what it belongs to is not known",
        way_zh="请填写上级，或检查坐标系", way_en="fill in its parent, or look at the coordinate system",
    ),
    "bad_code": Words(
        zh="代码不合规或已被占用", en="the code is malformed or another's", way_zh="请改代码", way_en="change the code"
    ),
    "elsewhere": Words(
        zh="不在所选范围内，未纳入本草案", en="not under what the draft is of",
        way_zh="请另建草案", way_en="make another draft for it",
    ),
    "not_allowed": Words(
        zh="不在您的管辖范围内", en="outside what you may draw", way_zh="请联系上级规划员", way_en="ask a planner above"
    ),
    "gap": Words(
        zh="相邻边界之间有缝隙", en="a gap between neighbours", way_zh="请在草案中修补", way_en="mend it in the draft"
    ),
    "overlap": Words(
        zh="与相邻区划重叠", en="an overlap with a neighbour", way_zh="请在草案中修补", way_en="mend it in the draft"
    ),
    "outside_parent": Words(
        zh="超出上级边界", en="outside its parent", way_zh="请在草案中修补", way_en="mend it in the draft"
    ),
}  # fmt: skip


def told(fault: LayerFault, language: str) -> str:
    """What is wrong, how large, and what was or has to be done."""
    words, zh = FAULTS[fault.kind], language == "zh"
    text = words.zh if zh else words.en
    if fault.unit:
        text += f"（{_size(fault)}）" if zh else f" ({_size(fault)})"
    if fault.mended:
        done = "，已修补" if zh else ", mended"
        return text if ("，已" in text or ": " in text) else text + done
    way = words.way_zh if zh else words.way_en
    left = ("；未纳入" if zh else "; not taken") if fault.left_out else ""
    return text + left + ((f"，{way}" if zh else f": {way}") if way else "")


def _size(fault: LayerFault) -> str:
    size = f"{fault.size:,.0f}" if fault.size >= 10 else f"{fault.size:.2g}"
    return f"{size} {fault.unit}"
