"""What is said of findings, in Chinese and English: what it is, and a sentence with its values."""

from geo.finding import Finding

# kind: Chinese name, English name, Chinese sentence, English sentence
_FORMS: dict[str, tuple[str, str, str, str]] = {
    "gap": (
        "空白", "Gap",
        "{where}有 {size} 平方米不属于任何一个，与“{name}”等相邻",
        "{size} m² {in_where}belong to nobody; {name} borders on it",
    ),
    "overlap": ("重叠", "Overlap", "“{name}”与“{other}”重叠 {size} 平方米", "{name} and {other} overlap by {size} m²"),
    "outside_parent": (
        "超出上级", "Outside its parent",
        "“{name}”有 {size} 平方米在“{parent}”之外", "{size} m² of {name} lie outside {parent}",
    ),
    "invalid": ("图形无效", "Invalid shape", "“{name}”的边界自相交", "the border of {name} crosses itself"),
    "orientation": (
        "方向相反", "Wrong direction",
        "“{name}”的边界方向不符合右手规则", "the rings of {name} do not follow the right-hand rule",
    ),
    "sliver": (
        "碎片", "Sliver",
        "“{name}”只有 {size} 平方米，平均宽 {width} 米", "{name} is only {size} m², {width} m wide on the average",
    ),
    "not_contiguous": (
        "不连片", "Not in one piece",
        "“{name}”分成 {parts} 块，最小的 {size} 平方米", "{name} is in {parts} pieces, the smallest of {size} m²",
    ),
    "duplicate_code": (
        "代码重复", "Code used twice", "“{name}”与“{other}”的代码都是 {code}",
        "{name} and {other} both have the code {code}",
    ),
    "duplicate_name": (
        "名称重复", "Name used twice",
        "同一上级下有两个“{name}”（另一个的代码是 {other}）",
        "the parent has two of the name {name} (the other is {other})",
    ),
    "code_form": (
        "代码格式", "Form of the code",
        "“{name}”的代码 {code} 不是 {digits} 位数字", "the code {code} of {name} has not {digits} digits",
    ),
    "households_few": (
        "户数偏少", "Few households", "“{name}”有 {size} 户，少于 {bound} 户",
        "{name} has {size} households, under {bound}",
    ),
    "households_many": (
        "户数偏多", "Many households", "“{name}”有 {size} 户，多于 {bound} 户",
        "{name} has {size} households, over {bound}",
    ),
    "load_uneven": (
        "负担不均", "Uneven load",
        "“{name}”有 {size} 户，而同级中位数是 {median} 户",
        "{name} has {size} households, its siblings' median is {median}",
    ),
    "area_small": (
        "面积偏小", "Small area", "“{name}”有 {size} 平方米，小于 {bound} 平方米",
        "{name} has {size} m², under {bound} m²",
    ),
    "area_large": (
        "面积偏大", "Large area", "“{name}”有 {size} 平方米，大于 {bound} 平方米",
        "{name} has {size} m², over {bound} m²",
    ),
    "leaves_line": (
        "未沿道路河流", "Does not follow a line",
        "{line_zh}在“{name}”内部穿过 {size} 米", "{line_en} runs through {name} for {size} m",
    ),
    "changes_often": (
        "变更频繁", "Changes often",
        "“{name}”一年内变更 {size} 次，多于 {bound} 次", "{name} changed {size} times in a year, more than {bound}",
    ),
}  # fmt: skip
_LINES = {
    "road": ("道路", "a road"),
    "railway": ("铁路", "a railway"),
    "river": ("河流", "a river"),
    "water": ("水岸", "a bank"),
}


def title_of(kind: str) -> tuple[str, str]:
    """What a kind of finding is called: (Chinese, English)."""
    zh, en, _, _ = _FORMS[kind]
    return zh, en


def told_of(finding: Finding) -> tuple[str, str]:
    """A sentence about a finding: (Chinese, English)."""
    _, _, zh, en = _FORMS[finding.kind]
    values = {
        name: _number(value) if isinstance(value, (int, float)) else value for name, value in finding.values.items()
    }
    parent, line = values.get("parent"), values.get("line", "")
    kind_zh, kind_en = _LINES.get(str(values.get("what")), ("线", "a line"))
    values |= {
        "where": f"“{parent}”内" if parent else "",
        "in_where": f"in {parent} " if parent else "",
        "line_zh": f"{kind_zh}“{line}”" if line else kind_zh,
        "line_en": f"{kind_en} ({line})" if line else kind_en,
    }
    return zh.format_map(values), en.format_map(values)


def _number(value: float) -> str:
    """Large ones without decimals, small ones with what tells them from nothing."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}".rstrip("0").rstrip(".")
