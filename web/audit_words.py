"""Names of acts in both languages: one table, held against the code by a test."""

from collections.abc import Mapping
from typing import Any

from web.pages import Language

ACTS: Mapping[str, tuple[str, str]] = {
    "account.added": ("开通账号", "Account made"),
    "account.held": ("连续输错，账号暂停", "Account waits after wrong tries"),
    "account.linked": ("关联统一身份认证", "Linked with single sign-on"),
    "account.person_linked": ("账号关联人员", "Account linked with a person"),
    "account.person_unlinked": ("解除账号关联", "Account linked with nobody"),
    "account.erased": ("注销账号", "Account erased"),
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
    "gateway.added": ("新增网关账号", "Gateway account made"),
    "gateway.locked": ("锁定网关账号", "Gateway account locked"),
    "gateway.unlocked": ("解锁网关账号", "Gateway account unlocked"),
    "gateway.rotated": ("更换网关密码", "Gateway password renewed"),
    "gateway.written": ("写出消息代理账号文件", "Broker's files written"),
    "boundary.proposal_adopted": ("采用网格方案", "Proposed grids adopted"),
    "screen.driven": ("操控大屏", "Screen driven from a desk"),
    "record.added": ("录入居民档案", "Record entered"),
    "record.changed": ("修改居民档案", "Record changed"),
    "record.moved": ("居民档案移出", "Record moved away"),
    "record.ended": ("结束居民档案", "Record ended"),
    "record.imported": ("导入居民档案", "Records imported"),
    "record.import_refused": ("导入被拒：编号不属本范围", "Import refused: reference of another scope"),
    "record.opened": ("查看居民档案", "Record opened"),
    "record.openings_listed": ("查看档案查阅理由", "Reasons of openings read"),
    "retention.erased": ("到期清除", "Erased after its term"),
    "run.forgotten": ("清除运行的个人信息", "Personal data of a run deleted"),
    "run.reviewed": ("完成复盘", "Run reviewed"),
    "run.report_taken": ("下载运行报告", "Report of a run taken"),
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
    "scene.imported": ("导入实景要素", "Things of the map imported"),
    "scene.exported": ("导出实景要素", "Things of the map exported"),
    "scene.removed": ("撤除实景要素", "Thing of the map removed"),
    "camera.opened": ("查看摄像头", "Camera looked through"),
    "push.subscribed": ("手机开启推送", "Phone takes web push"),
    "push.ended": ("手机关闭推送", "Phone ended web push"),
    "event.reported": ("上报事件", "Event reported"),
    "event.accepted": ("受理事件", "Event accepted"),
    "event.assigned": ("指派事件", "Event assigned"),
    "event.handled": ("处置事件", "Event handled"),
    "event.verified": ("核查办结事件", "Event verified and closed"),
    "event.returned": ("退回事件", "Event sent back"),
    "event.handed_up": ("事件上报上级", "Event handed up"),
    "event.photo_opened": ("查看事件照片", "Picture of an event opened"),
    "figures.drawn": ("导出统计", "Figures drawn"),
    "event.report_drawn": ("导出日报周报", "Daily or weekly report drawn"),
    "boundary.draft_opened": ("新建边界草案", "Draft of boundaries opened"),
    "boundary.draft_discarded": ("放弃边界草案", "Draft of boundaries given up"),
    "boundary.draft_rebased": ("边界草案更新基线", "Draft of boundaries put on what is in force"),
    "run.started": ("手动启动预案", "Run started by hand"),
    "run.confirmed": ("确认启动预案", "Run confirmed"),
    "run.declined": ("决定不启动预案", "Run declined"),
    "run.raised": ("预案升级", "Run raised"),
    "run.lowered": ("预案降级", "Run lowered"),
    "run.task_added": ("追加任务", "Task added to a run"),
    "run.task_skipped": ("略过任务", "Task of a run skipped"),
    "run.reassigned": ("改派任务", "Task of a run given to somebody else"),
    "run.answered": ("台席代答", "Answered at the desk"),
    "run.condition_met": ("确认条件满足", "Condition of a run ticked"),
    "run.condition_unmet": ("撤销条件满足", "Condition of a run taken back"),
    "run.signed": ("终止签字", "End of a run signed"),
    "run.terminated": ("终止预案运行", "Run ended"),
    "run.noted": ("运行备注", "Note on a run"),
    "plan.added": ("新建预案", "Plan made"),
    "plan.drafted": ("保存预案草稿", "Draft of a plan kept"),
    "plan.draft_dropped": ("删除预案草稿", "Draft of a plan given up"),
    "plan.published": ("发布预案", "Plan published"),
    "plan.withdrawn": ("撤回预案", "Plan withdrawn"),
    "attachment.added": ("任务附照片或语音", "Photo or voice added to a task"),
    "boundary.submitted": ("提交边界草案", "Draft of boundaries submitted"),
    "boundary.approved": ("边界草案通过", "Draft of boundaries approved"),
    "boundary.returned": ("退回边界草案", "Draft of boundaries returned"),
    "boundary.withdrawn": ("撤回边界草案", "Draft of boundaries withdrawn"),
    "boundary.published": ("发布边界", "Boundaries published"),
    "boundary.filed": ("边界备案", "Boundaries filed"),
}
_GROUPS: Mapping[str, tuple[str, str]] = {
    "account": ("账号", "Accounts"),
    "role": ("角色", "Roles"),
    "password": ("密码", "Passwords"),
    "factor": ("两步验证", "Second factor"),
    "link": ("一次性链接", "One-time links"),
    "session": ("会话", "Sessions"),
    "token": ("API 令牌", "API tokens"),
    "gateway": ("网关账号", "Gateways"),
    "record": ("居民档案", "Records"),
    "retention": ("到期清除", "Retention"),
    "run": ("预案运行", "Plan runs"),
    "vault": ("密钥", "Keys"),
    "organisation": ("机构", "Organisations"),
    "person": ("人员", "People"),
    "post": ("岗位", "Posts"),
    "absence": ("请假", "Absences"),
    "shift": ("排班", "Shifts"),
    "scene": ("实景要素", "Things of the map"),
    "camera": ("摄像头", "Cameras"),
    "push": ("推送", "Web push"),
    "event": ("事件", "Events"),
    "plan": ("预案", "Plans"),
    "attachment": ("附件", "Attachments"),
    "boundary": ("边界", "Boundaries"),
}
# Of the details, what a reader is told; the rest is for programs (`/api/audit`).
_DETAILS: Mapping[str, tuple[str, str]] = {
    "role": ("角色", "role"),
    "level": ("级别", "level"),
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
    "for": ("用途", "for"),
    "accounts": ("账号", "accounts"),
    "locked": ("已锁定", "locked"),
    "fields": ("字段", "fields"),
    "post": ("岗位", "post"),
}
_VALUES: Mapping[str, tuple[str, str]] = {
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
    "acknowledged": ("收到", "acknowledged"),
    "on_site": ("到场", "on site"),
    "done": ("完成", "done"),
    "cannot": ("不能去", "cannot"),
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
