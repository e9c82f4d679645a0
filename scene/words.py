"""What can be wrong with a row of an import, and how to mend it: Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORDS: Mapping[str, tuple[str, str]] = {
    "empty": ("是空的：请填写", "it is empty: fill it in"),
    "too_long": ("超过 {0} 个字符：请缩短", "it is longer than {0} letters: shorten it"),
    "no_text": ("不是普通文字：请改正", "it is no plain text: mend it"),
    "no_number": ("“{0}”不是数字：请填数字，不带单位", "{0!r} is no number: write digits, without a unit"),
    "no_integer": ("“{0}”不是整数：请填整数，不带单位", "{0!r} is no whole number: write digits, without a unit"),
    "too_small": ("{0} 小于 {1}：请核对", "{0} is less than {1}: check it"),
    "too_large": ("{0} 大于 {1}：请核对", "{0} is more than {1}: check it"),
    "choice": ("“{0}”不在可选项内：请填 {1}", "{0!r} is none of these: {2}"),
    "no_url": (
        "不是网址：请写成 http:// 或 https:// 开头的完整地址",
        "it is no address: write it whole, with http:// or https://",
    ),
    "url_secret": (
        "地址中带有账号密码：请去掉，并在摄像头侧限制访问来源",
        "the address has a name or password in it: take them out, and let the camera answer this server only",
    ),
    "no_date": ("不是日期：请写成 2026-11-26", "it is no date: write 2026-11-26"),
    "formula": ("是公式：请复制后“选择性粘贴”为值", "it is a formula: copy it and paste its value"),
    "error_cell": ("是错误值：请改正", "it holds an error: mend it"),
    "merged": ("是合并单元格的一部分：请取消合并，逐行填写", "it is part of merged cells: unmerge them, fill each row"),
    "doubled": ("与第 {0} 行相同：请删去其中一行", "it is that of row {0}: delete one of the two"),
    "no_position": (
        "经度 {0}、纬度 {1} 不在中国境内：请核对两者是否颠倒、是否为米制坐标",
        "longitude {0} and latitude {1} are not in China: are the two swapped, or in metres?",
    ),
    "no_shape": ("没有有效的几何图形：请在底图上重画", "it has no sound shape: draw it anew"),
    "shape_large": ("图形超过 {0} 个点：请简化", "its shape has more than {0} points: simplify it"),
    "no_township": (
        "不在任何镇街范围内：请核对坐标和坐标系",
        "it lies in no township: check the position and the coordinate system",
    ),
    "beyond": (
        "不在您的管辖范围内：请核对坐标，或交由所在镇街导入",
        "it lies outside of your divisions: check the position, or leave it to whoever keeps that area",
    ),
    "not_yours": (
        "这个编号在本来源中不能使用：请改用其他编号或来源名称",
        "this number cannot be used in this source: take another number, or another name for the source",
    ),
    "unknown_head": ("表头“{0}”不认识：请用 {1}", "the head {0!r} is not known: the columns are {2}"),
    "missing_head": ("缺少表头“{0}”：请用模板", "the head {1!r} ({0}) is missing: take the template"),
    "doubled_head": ("表头“{0}”出现两次：请删去一列", "the head {0!r} is there twice: delete one column"),
    "second_sheet": ("还有工作表“{0}”：请放在一个工作表中", "there is a sheet {0!r} as well: put all into one"),
    "no_rows": ("没有数据行：请按模板填写", "there are no rows: fill in the template"),
    "too_many_cells": ("单元格多于表头：请删去多余的列", "it has more cells than heads: delete those beyond"),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where."""

    row: int  # as the spreadsheet counts; of GeoJSON the feature, from 1
    column: str  # the head; empty: the row as a whole
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

    def line(self, file: str) -> str:
        """Where and what, in English."""
        column = f", {self.column}" if self.column else ""
        return f"{file} row {self.row}{column}: {self.en}"
