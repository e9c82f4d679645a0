"""What can be wrong with a resident's record as it is entered or imported, and how to mend it: Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A fault may be printed, and mailed: what stands in a cell is not quoted.
WORDS: Mapping[str, tuple[str, str]] = {
    "empty": ("是空的：请填写", "it is empty"),
    "too_long": ("超过 {0} 个字符，或不是文字：请改正", "it is longer than {0} letters, or no text"),
    "choice": ("不在可选项内：请填 {0}", "it is none of {0} ({1})"),
    "no_date": ("不是日期：请写成 2026-11-26", "it is no date: write 2026-11-26"),
    "far_date": ("不在 1900 至 2100 年之间：请核对年份", "it lies outside of the years 1900 to 2100: check the year"),
    "ends_early": ("早于或等于开始日期：请改为更晚的日期", "it ends before it begins"),
    "formula": ("是公式：请复制后“选择性粘贴”为值", "it is a formula: copy it and paste its value"),
    "error_cell": ("是错误值：请改正", "it holds an error: mend it"),
    "merged": ("是合并单元格的一部分：请取消合并，逐行填写", "it is part of merged cells: unmerge them, fill each row"),
    "rounded": (
        "是超过 15 位的数字，Excel 已丢失末尾几位：请把整列设为文本格式后重新填写",
        "it is a number of more than 15 digits, of which Excel has lost the last ones: format the column as text and"
        " write it anew",
    ),
    "doubled": ("与第 {0} 行相同：请删去其中一行", "it is that of line {0}"),
    "no_division": (
        "不是您范围内现行的镇街、村社或网格代码：请核对",
        "it is the code of no township, village or grid that is there now",
    ),
    # Of a record in the scope and of one beyond it, in the same words: neither is told to be there.
    "not_yours": (
        "不能使用：请核对；若本范围内已有此人档案，请修改那一份，否则请联系上级管理员",
        "it cannot be used: check it; where your area has this record already, change that one, else ask whoever keeps"
        " the wider area",
    ),
    "unknown_head": ("表头“{0}”不认识：请用 {1}", "the head {0!r} is not known: the columns are {2}"),
    "missing_head": ("缺少表头“{0}”：请用模板", "the head {1!r} ({0}) is missing: take the template"),
    "doubled_head": ("表头“{0}”出现两次：请删去一列", "the head {0!r} is there twice: delete one column"),
    "second_sheet": ("还有工作表“{0}”：请把档案放在一个工作表中", "there is a sheet {0!r} as well: put all into one"),
    "no_rows": ("没有数据行：请按模板填写", "there are no rows: fill in the template"),
    "too_many_cells": ("单元格多于表头：请删去多余的列", "it has more cells than heads: delete those beyond"),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where."""

    row: int  # as the spreadsheet counts; 0: of a form
    column: str  # our name of it; empty: the row as a whole
    what: str  # a key of WORDS
    told: tuple[Any, ...] = ()
    at: str = ""  # letter and head, as `C 姓名`

    @property
    def zh(self) -> str:
        """For people who read Chinese."""
        return WORDS[self.what][0].format(*self.told)

    @property
    def en(self) -> str:
        """For people who read English."""
        return WORDS[self.what][1].format(*self.told)

    def line(self, file: str) -> str:
        """Where and what, in English."""
        column = f", {self.column}" if self.column else ""
        return f"{file} line {self.row}{column}: {self.en}"
