"""What the parts of a run are called, in Chinese and English: for its timeline, its report and its score."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["zh", "en"]
Pair = tuple[str, str]
Words = Mapping[str, Pair]

LEVELS: Words = {
    "none": ("无", "none"),
    "blue": ("蓝色（Ⅳ级）", "blue (IV)"),
    "yellow": ("黄色（Ⅲ级）", "yellow (III)"),
    "orange": ("橙色（Ⅱ级）", "orange (II)"),
    "red": ("红色（Ⅰ级）", "red (I)"),
}
RUN_STATES: Words = {
    "proposed": ("待确认", "to be confirmed"),
    "open": ("运行中", "running"),
    "declined": ("未启动", "not started"),
    "terminated": ("已终止，待复盘", "ended, to be reviewed"),
    "reviewed": ("已复盘", "reviewed"),
}
TASK_STATES: Words = {
    "waiting": ("未开始", "not begun"),
    "called": ("已叫", "called"),
    "sent": ("已发出", "sent"),
    "delivered": ("已送达", "delivered"),
    "read": ("已读", "read"),
    "acknowledged": ("已收到", "acknowledged"),
    "on_site": ("已到场", "on site"),
    "done": ("已完成", "done"),
    "skipped": ("已跳过", "skipped"),
    "stood_down": ("已撤销", "stood down"),
}
PARTS: Words = {
    "post": ("本岗", "the post"),
    "backup": ("替补岗", "the backup"),
    "command": ("指挥名单", "the command"),
    "reassigned": ("改派", "reassigned"),
    "everybody": ("全员广播", "everybody"),
}
CHANNELS: Words = {
    "app": ("应用", "app"),
    "push": ("推送", "web push"),
    "mqtt": ("MQTT", "MQTT"),
    "sms": ("短信", "SMS"),
    "voice": ("语音电话", "voice"),
    "email": ("邮件", "e-mail"),
    "dingtalk": ("钉钉", "DingTalk"),
    "wecom": ("企业微信", "WeCom"),
    "webhook": ("接口推送", "webhook"),
    "loudspeaker": ("村村响", "loudspeaker"),
}
DELIVERY_STATES: Words = {
    "due": ("待发", "due"),
    "sending": ("发送中", "being sent"),
    "sent": ("已发出，未回执", "sent, no receipt"),
    "delivered": ("已送达", "delivered"),
    "read": ("已读", "read"),
    "failed": ("发送失败", "failed"),
    "skipped": ("未发", "passed over"),
}
ANSWERS: Words = {
    "acknowledged": ("收到", "acknowledged"),
    "on_site": ("到场", "on site"),
    "done": ("完成", "done"),
    "cannot": ("无法前往", "cannot"),
}
ACTS: Words = {
    "confirmed": ("确认启动", "start confirmed"),
    "confirmed_unasked": ("逾期无人确认，自动启动", "started, as nobody said otherwise in time"),
    "declined": ("不予启动", "start declined"),
    "raised": ("提升响应等级", "level raised"),
    "lowered": ("降低响应等级", "level lowered"),
    "condition_met": ("条件已满足", "condition met"),
    "condition_unmet": ("条件撤回", "condition taken back"),
    "signed": ("签字", "signed"),
    "task_added": ("增派任务", "task added"),
    "task_started": ("任务开始", "task begun"),
    "task_skipped": ("跳过任务", "task skipped"),
    "task_stood_down": ("撤销任务", "task stood down"),
    "task_repeated": ("任务新一轮", "task repeated"),
    "task_done": ("任务完成", "task done"),
    "reassigned": ("改派", "reassigned"),
    "overdue": ("任务超时", "task overdue"),
    "unanswered": ("各级叫应无人应答", "nobody answered on any rung"),
    "terminated": ("终止运行", "run ended"),
    "reviewed": ("完成复盘", "review done"),
    "noted": ("记事", "note"),
}
MOVES: Words = {
    "started": ("预案启动", "plan started"),
    "escalated": ("响应升级", "level rose"),
    "raised": ("响应升级", "level raised"),
    "lowered": ("响应降级", "level lowered"),
    "corrected": ("触发告警被更正", "the alert was corrected"),
    "terminated": ("运行结束", "run ended"),
}
PURPOSES: Words = {"upgrade": ("升级条件", "condition for raising"), "terminate": ("终止条件", "condition for ending")}


def both(table: Words, key: str) -> Pair:
    """In both languages; what the table has not stays as it is."""
    return table.get(key, (key, key))


def word(table: Words, key: str, language: Language) -> str:
    """In one."""
    return both(table, key)[0 if language == "zh" else 1]


def length(seconds: float | None, language: Language) -> str:
    """A length of time as people say it: 40 秒, 3 分 20 秒, 1 小时 05 分."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    zh = language == "zh"
    if hours:
        return f"{hours} 小时 {minutes:02} 分" if zh else f"{hours} h {minutes:02} min"
    if minutes:
        return f"{minutes} 分 {rest:02} 秒" if zh else f"{minutes} min {rest:02} s"
    return f"{rest} 秒" if zh else f"{rest} s"


def percent(share: float | None) -> str:
    """66.7 %."""
    return "—" if share is None else f"{100 * share:.1f} %".replace(".0 %", " %")
