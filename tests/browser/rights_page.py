# ruff: noqa: E501  # rows of a table
"""docs/rights.md: which route asks for which right, which role has it where; written from the code and from roles.toml."""

from collections.abc import Mapping, Sequence

from access.rights import Role
from tests.browser.walk import EMPTY, REFUSED, SAME, UNKNOWN, Walked
from web.viewing import Declared

# The rights in Chinese; in English they are the code's own (access/rights.py).
CHINESE: Mapping[str, str] = {
    "map.read": "看地图、图层、测站、读数和实时推送",
    "alerts.read": "看监测告警、事件、CAP 消息和订阅源",
    "alerts.act": "确认、处置、解除、办结和备注告警",
    "alerts.report": "上报传感器看不到的情况",
    "alerts.shelve": "搁置告警，以及结束搁置",
    "warnings.read": "看官方预警",
    "warnings.enter": "手工录入和解除官方预警",
    "rules.read": "看现行规则及其历史",
    "rules.try": "检查规则，并用历史数据试算",
    "rules.put": "使规则在全市生效",
    "status.read": "看系统状况：健康详情、指标、对账、隔离区",
    "people.read": "看人员、岗位、值班和排班",
    "people.edit": "维护人员、岗位、值班和排班",
    "records.count": "看需要关照的居民人数",
    "records.open": "凭理由打开一名居民的档案（记录在案）",
    "records.edit": "维护居民档案",
    "scene.edit": "维护实景要素（设施、避难场所、隐患点、摄像头等）",
    "accounts.manage": "建账号，授予和收回角色",
    "plans.read": "查看预案、运行情况、叫应与应答",
    "plans.edit": "编写并发布预案",
    "runs.command": "启动、确认、调整、签字、终止、复盘预案运行，并在台席代为应答",
    "tasks.answer": "查看并应答自己的任务",
    "events.report": "上报事件",
    "events.read": "查看事件及办结情况",
    "events.handle": "受理、流转、办结事件",
    "audit.read": "看审计记录和访问日志",
    "boundaries.draft": "起草边界",
    "boundaries.review": "审核并发布边界",
}

_FOREIGN: Mapping[str, str] = {
    UNKNOWN: "404 查无 / as if there were none",
    EMPTY: "空 / empty",
    REFUSED: "拒绝 / refused",
    SAME: "—",
}

_HEAD = """# 权限一览 · Rights

This page is written from the code by `tests/browser/test_walk.py`, which also asks every route with every role and
compares: the build fails where an answer is not as it stands here, where a route is missing, or where this page is old.
本页由测试根据代码与 `config/roles.toml` 生成；每个接口都以每个角色实际访问过，凡与本表不符，测试即失败。

- A **right** is what a route asks for. A **role** is a set of rights (`config/roles.toml`), given to an account for a
  division and all that lies in it, or for everywhere.
  **权限**是接口所要求的；**角色**是一组权限，授予账号时限定区划（含其下级），或不限。
- Who is not signed in gets 401 and is led to the sign-in page; who lacks the right gets 403. What lies in a foreign
  division is not forbidden but *not there*: 404, or absent from the list, so that nobody learns that it exists.
  未登录返回 401；无权限返回 403；外区划的内容不是“禁止”，而是“查无”：404 或不在列表中，不透露其存在。
- An API token has no more than the rights it names, of those that its account has, within the division that it names. What is open to everybody signed in (their own account) is not open to it.
  接口令牌只含其列明的权限和区划，且不超出其账号。
- Where it is applied: each route reads as the database role `shijing_web`, to which row-level security shows the rows
  of the scope and no others (`config/migrations/0021_access.sql`, `0029_scope_mended.sql`); `tests/database/`
  `test_scope_rows.py` compares every table and scope with a computation of its own. It signs in as that role, and its
  scope is sealed, so that an injected statement widens neither ([accounts.md](accounts.md#reading-connections)).
  各接口以数据库角色 `shijing_web` 登录读取，范围带有签章：即使被注入语句，也不能扩大权限或范围。
"""

_TOLD = """
## 有意告知的 · What is told on purpose

| what 内容 | to whom 告知谁 | why 理由 |
|---|---|---|
| names, codes, outlines and neighbours of all divisions 全部区划的名称、代码、边界 | whoever sees the map 能看地图者 | they are public; a map with holes helps nobody 本属公开 |
| the system's books: readings stored, late and in quarantine, the number of townships 全系统入库、迟到、隔离的读数量，镇街数 | the same | numbers of the whole installation, by no place 只是总数，不分地点 |
| numbers of sensors' rows, alerts, events as they count up 编号连续递增 | the same | ids come from one sequence: from two of one's own one can tell how many there were in between, and nothing about them 可推知期间总数，别无其他 |
| of an incident that reaches into one's division: its level, times, how many alerts in all, their centre and pace 跨区事件的等级、时间、告警总数、中心和速率 | who sees a part of it 看到其中一部分者 | a flood does not end at the border; *its foreign alerts and townships are not named* 但不列出外区的告警和镇街 |
| suppressions of what one's division lies in, and of a rule everywhere, with their reasons 上级区划及全市规则的搁置和理由 | the same | else silence would look like calm 否则静默会被误当平静 |
| a gateway with a sensor in one's division behind it, and what puts it aside 网关（其下有本区传感器）及其搁置 | the same | it can be seen, but ended only by who has all that is behind it 可见，但只有管辖其全部传感器者可以结束 |
| an official warning that covers one's division, word for word, with all its codes 涉及本区的官方预警全文 | who reads warnings 能看预警者 | official warnings are public; one without an area is shown to those with the right everywhere 官方预警本属公开；无区域者只对全域权限者显示 |
| rules in force, who put them there 现行规则及其发布者 | rules.read | one set judges everywhere 全市一套 |
| an alert stays with the township in which it opened, a sensor's readings with where it stands now 告警属发生时的镇街，读数属传感器现所在区划 | — | who had it dealt with it; who has it now needs its history |
| 429 to a name tried too often, whether an account has it or not 试错过多的名称一律等待 | anybody 任何人 | a wait tells nothing 等待与否不透露账号是否存在 |

What time alone changes (a role that ends, a boundary that becomes valid) is taken over by streams within a minute, by
the closure of divisions at the next upkeep (five minutes); what somebody changes, at once.
仅因时间到期的变化：推送一分钟内、区划从属关系在下一次维护时生效；人为变更立即生效。
"""


def rights_page(
    routes: Sequence[Declared],
    roles: Mapping[str, Role],
    rights: Mapping[str, str],
    walks: Mapping[tuple[str, str], Walked],
) -> str:
    """The whole page."""
    parts = [_HEAD, _roles(roles), _rights(roles, rights), _routes(routes, roles, walks), _TOLD]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _roles(roles: Mapping[str, Role]) -> str:
    lines = ["## 角色 · Roles", "", "| role | 中文 | English | 权限数 rights |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {role.zh} | {role.en} | {len(role.rights)} |" for name, role in roles.items()]
    return "\n".join(lines)


def _rights(roles: Mapping[str, Role], rights: Mapping[str, str]) -> str:
    names = " | ".join(role.zh for role in roles.values())
    lines = [
        "## 权限与角色 · Rights by role",
        "",
        f"| right | 做什么 | what it lets one do | {names} |",
        f"|---|---|---|{':-:|' * len(roles)}",
    ]
    for right, words in rights.items():
        marks = " | ".join("●" if right in role.rights else "" for role in roles.values())
        lines.append(f"| `{right}` | {CHINESE[right]} | {words} | {marks} |")
    return "\n".join(lines)


def _routes(routes: Sequence[Declared], roles: Mapping[str, Role], walks: Mapping[tuple[str, str], Walked]) -> str:
    names = " | ".join(role.zh for role in roles.values())
    lines = [
        "## 接口 · Routes",
        "",
        "● allowed in one's own division 本区可用 · ◐ only with the role for everywhere 仅全域授权可用 ·"
        " blank: refused, 403 空白：拒绝。*Foreign* is what an allowed role gets for another division"
        " 外区一栏：有权限者访问外区划所得; — : it belongs to no division, or is narrowed to one's own"
        " 不分区划，或自动只含本区.",
        "",
        f"| route | right | {names} | 未登录 nobody | 外区 foreign |",
        f"|---|---|{':-:|' * len(roles)}---|---|",
    ]
    for one in routes:
        marks = " | ".join(_mark(one, role) for role in roles.values())
        nobody = "●" if one.right == "public" else "401"
        foreign = _FOREIGN[walks[one.method, one.path].foreign]
        lines.append(f"| `{one.method} {one.path}` | {_right(one)} | {marks} | {nobody} | {foreign} |")
    return "\n".join(lines)


def _right(one: Declared) -> str:
    open_to = {
        "public": "公开 public",
        "signed_in": "登录即可 signed in",
        "known": "登录或持令牌即可 signed in, or any token",
        "phone": "已打开的任务页 a worker’s open page",
    }
    return open_to.get(one.right, f"`{one.right}`")


def _mark(one: Declared, role: Role) -> str:
    if one.right in ("public", "signed_in", "known"):
        return "●"
    if one.right not in role.rights:
        return ""
    return "◐" if one.everywhere else "●"
