"""Names of acts in both languages: one table, held against the code by a test."""

from collections.abc import Mapping
from typing import Any

from web.pages import Language

ACTS: Mapping[str, tuple[str, str]] = {
    "account.added": ("开通账号", "Account made"),
    "account.held": ("连续输错，账号暂停", "Account waits after wrong tries"),
    "account.linked": ("关联统一身份认证", "Linked with single sign-on"),
    "account.locked": ("锁定账号", "Account locked"),
    "account.unlocked": ("解锁账号", "Account unlocked"),
    "role.granted": ("授予角色", "Role given"),
    "role.ended": ("收回角色", "Role taken back"),
    "password.set": ("设置密码", "Password set"),
    "factor.added": ("启用两步验证", "Second factor turned on"),
    "factor.code_used": ("使用恢复码", "Recovery code used"),
    "factor.codes_renewed": ("更换恢复码", "Recovery codes renewed"),
    "factor.removed": ("关闭两步验证", "Second factor turned off"),
    "link.made": ("生成一次性链接", "One-time link made"),
    "session.opened": ("登录", "Signed in"),
    "session.ended": ("退出", "Signed out"),
    "session.all_ended": ("在所有设备上退出", "Signed out everywhere"),
    "token.added": ("生成 API 令牌", "API token made"),
    "token.revoked": ("撤销 API 令牌", "API token revoked"),
    "record.ended": ("结束居民档案", "Record ended"),
    "record.imported": ("导入居民档案", "Records imported"),
    "record.opened": ("查看居民档案", "Record opened"),
    "record.openings_listed": ("查看档案查阅理由", "Reasons of openings read"),
    "retention.erased": ("到期清除", "Erased after its term"),
    "vault.key_added": ("新增密钥", "Key added"),
    "vault.rotated": ("更换密钥", "Keys rotated"),
    "organisation.added": ("新增机构", "Organisation added"),
    "organisation.changed": ("修改机构", "Organisation changed"),
    "organisation.covers": ("机构纳入区划", "Organisation covers a division"),
    "organisation.covers_no_more": ("机构移出区划", "Organisation covers a division no more"),
    "person.added": ("新增人员", "Person added"),
    "person.exported": ("导出人员", "People exported"),
    "person.imported": ("导入人员", "People imported"),
    "person.names_listed": ("列出人员姓名", "Names of people listed"),
    "person.erased": ("清除人员信息", "Person erased"),
    "person.fields_changed": ("修改人员信息", "Person changed"),
    "person.left": ("人员离任", "Person left"),
    "person.term_changed": ("修改任期", "Term changed"),
    "person.term_renewed": ("延长任期", "Term renewed"),
    "post.held": ("任岗", "Post taken"),
    "post.ended": ("离岗", "Post left"),
    "absence.added": ("登记请假", "Absence added"),
    "absence.ended": ("销假", "Absence ended"),
    "shift.added": ("排班", "Shift added"),
    "shift.cancelled": ("取消排班", "Shift cancelled"),
}
_GROUPS: Mapping[str, tuple[str, str]] = {
    "account": ("账号", "Accounts"),
    "role": ("角色", "Roles"),
    "password": ("密码", "Passwords"),
    "factor": ("两步验证", "Second factor"),
    "link": ("一次性链接", "One-time links"),
    "session": ("会话", "Sessions"),
    "token": ("API 令牌", "API tokens"),
    "record": ("居民档案", "Records"),
    "retention": ("到期清除", "Retention"),
    "vault": ("密钥", "Keys"),
    "organisation": ("机构", "Organisations"),
    "person": ("人员", "People"),
    "post": ("岗位", "Posts"),
    "absence": ("请假", "Absences"),
    "shift": ("排班", "Shifts"),
}
# Of the details, what a reader is told; the rest is for programs (`/api/audit`).
_DETAILS: Mapping[str, tuple[str, str]] = {
    "role": ("角色", "role"),
    "until": ("至", "until"),
    "kind": ("类型", "kind"),
    "way": ("方式", "by"),
    "count": ("数量", "count"),
    "tries": ("次数", "tries"),
    "added": ("新增", "added"),
    "changed": ("修改", "changed"),
    "rows": ("行数", "rows"),
    "erased": ("清除", "erased"),
    "left": ("剩余", "left"),
    "key": ("密钥", "key"),
    "fields": ("字段", "fields"),
    "post": ("岗位", "post"),
}
_VALUES: Mapping[str, tuple[str, str]] = {
    "person": ("个人", "person"),
    "screen": ("大屏", "wall screen"),
    "service": ("程序", "program"),
    "password": ("密码", "password"),
    "totp": ("两步验证", "second factor"),
    "link": ("一次性链接", "one-time link"),
    "oidc": ("统一身份认证", "single sign-on"),
}


def act_in_words(act: str, language: Language) -> str:
    """An act that the table does not know stays as it is written."""
    return ACTS.get(act, (act, act))[0 if language == "zh" else 1]


def choices(language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of acts to filter by, each with its acts."""
    place = 0 if language == "zh" else 1
    return [
        (words[place], [(act, told[place]) for act, told in ACTS.items() if act.startswith(f"{group}.")])
        for group, words in _GROUPS.items()
    ]


def details_in_words(details: Mapping[str, Any], roles: Mapping[str, tuple[str, str]], language: Language) -> str:
    """What is told of an act beside its name."""
    place, told = (0 if language == "zh" else 1), []
    for key, value in details.items():
        if key in _DETAILS and value not in (None, ""):
            known = roles.get(str(value)) if key == "role" else _VALUES.get(str(value))
            word = str(value)[:10] if key == "until" else str(value)
            told.append(f"{_DETAILS[key][place]} {known[place] if known else word}")
    return ("，" if language == "zh" else ", ").join(told)
