"""What pages of records tell of a form or a file that does not hold together, and of what was done."""

from collections.abc import Iterable, Mapping
from typing import Any

from access.errors import AccountRefused
from access.record_words import Fault
from access.vault import Vault
from web.pages import Language
from web.viewing import View

FIELDS: Mapping[str, tuple[str, str]] = {
    "division": ("区划", "Division"),
    "kind": ("类别", "Kind"),
    "name": ("姓名", "Name"),
    "address": ("住址", "Address"),
    "phone": ("电话", "Telephone"),
    "note": ("备注", "Note"),
    "needs": ("需求", "Needs"),
    "reference": ("编号", "Reference"),
    "since": ("起", "From"),
    "until": ("止", "Until"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "added": ("档案已录入。", "The record is entered."),
    "changed": ("档案已修改。", "The record is changed."),
    "ended": (
        "档案已结束，到期后个人信息将被清除。",
        "The record has ended; what is personal in it is erased after its term.",
    ),
    "imported": ("档案已导入。", "The records are imported."),
}


def faults_in_words(faults: Iterable[Fault], language: Language) -> list[str]:
    """Each with the field or the column that it is about."""
    return [_in_words(fault, language) for fault in faults]


def _in_words(fault: Fault, language: Language) -> str:
    place, told = (0, fault.zh) if language == "zh" else (1, fault.en)
    where = fault.at or (FIELDS[fault.column][place] if fault.column in FIELDS else "")
    if language == "zh":
        return f"{where}：{told}" if where else told
    return f"{where}: {told}" if where else told[:1].upper() + told[1:]


def vault_of(view: View) -> Vault:
    """Raises AccountRefused where there are no keys."""
    if view.parts.vault is None:
        raise AccountRefused(
            "this server has no key file, so no record can be kept: set SHIJING_ACCESS_KEY_FILE",
            "服务器未配置密钥文件，不能维护档案。请设置 SHIJING_ACCESS_KEY_FILE。",
        )
    return view.parts.vault


def given_again(given: Mapping[str, Any]) -> dict[str, Any]:
    """A form's fields for the form that is shown again."""
    return {name: given.get(name, "") for name in FIELDS}
