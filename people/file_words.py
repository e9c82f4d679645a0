"""What can be wrong with a row of a file, in Chinese and English: what it is, and how to mend it."""

from dataclasses import dataclass
from typing import Any

# Personal columns are named, never quoted: a fault may be printed, and mailed.
WORDS: dict[str, tuple[str, str]] = {
    "empty": ("是空的：请填写", "is empty: fill it in"),
    "too_long": ("超过 {0} 个字符：请缩短", "is longer than {0} letters: shorten it"),
    "no_date": ("“{0}”不是日期时间：请写成 2026-11-26 08:00", "{0!r} is no time: write 2026-11-26 08:00"),
    "number_date": (
        "是数字 {0}，不是日期：请把单元格设为日期格式，或写成 2026-11-26 08:00",
        "is the number {0}, not a date: format the cell as a date, or write 2026-11-26 08:00",
    ),
    "far_date": (
        "{0} 不在 2000 至 2100 年之间：请核对年份",
        "{0} lies outside of the years 2000 to 2100: check the year",
    ),
    "ends_early": ("早于或等于开始时间：请改为更晚的时间", "is no later than the beginning: name a later time"),
    "formula": ("是公式：请复制后“选择性粘贴”为值", "is a formula: copy it and paste its value"),
    "error_cell": ("是错误值 {0}：请改正", "holds the error {0}: mend it"),
    "merged": (
        "是合并单元格 {0} 的一部分：请取消合并，并逐行填写",
        "is part of the merged cells {0}: unmerge, fill each row",
    ),
    "choice": ("“{0}”不在可选项内：请填 {1}", "{0!r} is none of the choices: take one of {2}"),
    "no_post": ("没有岗位“{0}”：请填 {1}", "there is no post {0!r}: take one of {1}"),
    "staff_number": (
        "不能作工号：1 至 40 个字符，不含 /，且不是手机号、身份证号或邮箱（工号不加密）",
        "is no staff number: 1 to 40 letters, no /, and no telephone, identity card or mail address (it is not sealed)",
    ),
    "personal": ("不合要求：{0}", "does not do: {0}"),
    "doubled": ("与第 {0} 行重复：请删去其中一行", "says the same as row {0}: delete one of the two"),
    "overlaps_row": ("与第 {0} 行的时间重叠：请改其中一行", "overlaps row {0}: change one of the two"),
    "overlaps": (
        "与已有的 {0} 重叠：请写成相同的开始时间以修改它，或先将它取消",
        "overlaps what is there already ({0}): write the same beginning to change that one, or cancel it first",
    ),
    "no_organisation": ("没有机构“{0}”：请填机构代码", "there is no organisation {0!r}: give the code of one"),
    "foreign_organisation": (
        "机构“{0}”不在您的管辖范围内：请删去此行",
        "the organisation {0!r} is outside of your scope: delete the row",
    ),
    "no_division": ("没有区划代码“{0}”：请填现行代码", "no division has the code {0!r} now: give one that is in force"),
    "foreign_division": (
        "区划“{0}”不在您的管辖范围内：请改正或删去此行",
        "the division {0!r} is outside of your scope: change it, or delete the row",
    ),
    "no_person": (
        "机构内没有工号“{0}”：请先在“人员”表中登记",
        "the organisation has no staff number {0!r}: enter the person in the sheet of people first",
    ),
    "own_stand_in": ("不能自己顶自己：请填另一人", "nobody stands in for themselves: name another person"),
    "stand_in_away": ("顶岗人当时也请假：请换一人", "is away themselves for some of that time: name another person"),
    "stand_in_gone": ("顶岗人当时不在职：请换一人", "does not serve for all of that time: name another person"),
    "not_serving": (
        "本人在此时间内并非全程在职：请改时间",
        "the person does not serve for all of that time: change it",
    ),
    "since_differs": (
        "此人自 {0} 起在职：请填该时间或留空",
        "the person serves since {0}: write that, or leave it empty",
    ),
    "left_already": (
        "此人已于 {0} 离职（或已定离职）：如再次任职，请填晚于它的“起”",
        "the person leaves, or left, at {0}: who serves again needs a beginning after it",
    ),
    "hidden": ("是隐藏的工作表：请取消隐藏或删除", "is hidden: show it, or delete it"),
    "unknown_sheet": (
        "表头不属于任何一种表：请用模板（人员、岗位、排班、请假）",
        "has the heads of no table: take those of the template (people, posts, shifts, absences)",
    ),
    "unknown_head": ("表头“{0}”不认识：请用 {1}", "the head {0!r} is not known: take {1}"),
    "missing_head": ("缺少表头“{0}”", "the head {0!r} is missing"),
    "doubled_head": ("表头“{0}”出现两次：请删去一列", "the head {0!r} is there twice: delete one column"),
    "second_sheet": ("与“{0}”是同一种表：请合并到一个工作表", "is the same table as {0!r}: put both into one sheet"),
    "too_many_cells": ("单元格多于表头：请删去多余的列", "has more cells than heads: delete those beyond"),
    "not_here": ("不能用此命令导入：请用 {0}", "is not imported by this command: take {0}"),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where."""

    sheet: str
    row: int  # as the spreadsheet counts; 0: the sheet as a whole
    column: str  # letter and head, as `D 起`; empty: the row as a whole
    what: str  # a key of WORDS
    told: tuple[Any, ...] = ()

    @property
    def zh(self) -> str:
        """For people who read Chinese."""
        return WORDS[self.what][0].format(*self.told)

    @property
    def en(self) -> str:
        """For people who read English."""
        return WORDS[self.what][1].format(*self.told)

    def line(self) -> str:
        """Where and what, in English."""
        row = f" row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.sheet}{row}{column}: {self.en}"

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return {"sheet": self.sheet, "row": self.row, "column": self.column, "what": self.what} | {
            "zh": self.zh,
            "en": self.en,
        }
