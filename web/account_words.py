"""Words of the account page: what a right lets somebody do, with what and when they signed in."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from access.rights import RIGHTS
from web.pages import Language

_CHINA = ZoneInfo("Asia/Shanghai")

RIGHTS_ZH: Mapping[str, str] = {
    "map.read": "查看实景图、站点、读数和实时数据",
    "alerts.read": "查看告警、事件、CAP 消息和订阅源",
    "alerts.act": "签收、处置、解除、关闭和批注告警",
    "alerts.report": "上报传感器看不到的情况",
    "alerts.shelve": "搁置告警及取消搁置",
    "warnings.read": "查看官方预警",
    "warnings.enter": "录入和取消官方预警",
    "rules.read": "查看现行规则及其历史",
    "rules.try": "检查规则并用历史数据试算",
    "rules.put": "发布规则",
    "status.read": "查看系统状态、指标、台账和隔离数据",
    "people.read": "查看人员、岗位、值班",
    "people.edit": "维护人员、岗位、值班",
    "records.count": "查看重点人群数量",
    "records.open": "说明理由后查看居民档案（留痕）",
    "records.edit": "维护居民档案",
    "scene.edit": "维护实景要素（设施、避难场所、隐患点、摄像头等）",
    "accounts.manage": "开通账号、授予和收回角色",
    "plans.read": "查看预案、运行情况、叫应与应答",
    "plans.edit": "编写并发布预案",
    "runs.command": "启动、确认、调整、签字、终止、复盘预案运行，并在台席代为应答",
    "tasks.answer": "查看并应答自己的任务",
    "events.report": "上报事件",
    "events.read": "查看事件及办结情况",
    "events.handle": "受理、流转、办结事件",
    "audit.read": "查看审计记录和访问日志",
    "boundaries.draft": "起草边界调整",
    "boundaries.review": "审核和发布边界调整",
}

WAYS: Mapping[str, tuple[str, str]] = {
    "password": ("密码", "password"),
    "totp": ("两步验证", "second factor"),
    "link": ("一次性链接", "one-time link"),
    "oidc": ("统一身份认证", "single sign-on"),
}

# The first that fits: a browser's name is followed by those that it wants to be taken for.
_BROWSERS = (
    (r"MicroMessenger", "微信", "WeChat"),
    (r"DingTalk", "钉钉", "DingTalk"),
    (r"Edg[A-Z]?[a-z]*/", "Edge", "Edge"),
    (r"Firefox/", "Firefox", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome", "Chrome"),
    (r"Safari/", "Safari", "Safari"),
)
_SYSTEMS = (
    (r"OpenHarmony|HarmonyOS", "鸿蒙", "HarmonyOS"),
    (r"Android", "安卓", "Android"),
    (r"iPhone|iPad", "苹果手机或平板", "iPhone or iPad"),
    (r"Windows", "Windows", "Windows"),
    (r"Mac OS X", "macOS", "macOS"),
    (r"Linux", "Linux", "Linux"),
)


def right_in_words(right: str, language: Language) -> str:
    """What it lets somebody do."""
    return RIGHTS_ZH.get(right, right) if language == "zh" else RIGHTS[right]


def agent_in_words(agent: str, language: Language) -> str:
    """The browser and system of a user agent; its own beginning where it is none that we know."""
    place = 1 if language == "zh" else 2
    found = [next((one[place] for one in kinds if re.search(one[0], agent)), None) for kinds in (_BROWSERS, _SYSTEMS)]
    known = [word for word in found if word]
    return " · ".join(known) or agent[:40] or ("未知设备" if language == "zh" else "an unknown device")


def moment(at: datetime | None) -> str:
    """Day and minute in China."""
    return "" if at is None else at.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
