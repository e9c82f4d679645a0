"""What calls say: the one place of their words. Chinese, the least that the task needs, a drill never to be mistaken.

Never the word that the law keeps for official warnings. Of a plan that concerns a person (`privacy`) neither the name
nor a place finer than it allows is said; what is to be done is said to those who are called, not to a group's robot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from config.logs import BEIJING
from dispatch.notice import Notice

DRILL = "【演练】"
LEVELS_ZH = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
_PARTS_ZH = {
    "post": "",
    "backup": "（备岗：在岗人员尚未应答）",
    "command": "（报指挥：现场尚未应答）",
    "reassigned": "（改派给您）",
    "everybody": "",
}
_SHORT = 134  # letters of a text message of two parts
_SHOWN = 10  # tasks that a digest names
_GROUPS = ("dingtalk", "wecom", "webhook", "loudspeaker")  # more people hear it than are called


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What somebody is called for."""

    plan: str
    task: str
    place: str
    due_at: datetime
    level: str
    drill: bool
    part: str
    private: bool  # the plan concerns a person
    map: Literal["point", "grid", "none"]  # how exactly its place may be told


@dataclass(frozen=True, kw_only=True)
class Words:
    """One matter, for channels of every kind."""

    title: str
    body: str
    short: str
    spoken: str


def words_of(matter: Matter, channel: str, url: str) -> Words:
    """What a channel says of a matter."""
    told = _least(matter, in_group=channel in _GROUPS)
    mark, level = DRILL if matter.drill else "", LEVELS_ZH.get(matter.level, "")
    due = _clock(matter.due_at)
    head = f"{mark}{level}任务" + (f"：{told.plan}" if told.plan else "")
    lines = [told.task + _PARTS_ZH.get(matter.part, ""), *_place_line(told.place), f"时限：{due} 前"]
    answer = f"请打开 {url} 应答：收到、到场、完成。" if url else "请在值守应用中应答：收到、到场、完成。"
    place = f"（{told.place}）" if told.place else ""
    short = f"{mark}{level}任务：{told.task}{place}，{due}前。{url}"
    return Words(
        title=head,
        body="\n".join([*lines, *_drill_line(matter.drill), answer]),
        short=_cut(short, f"{mark}{level}任务，{due}前，请在值守应用中查看。{url}"),
        spoken=_spoken(matter, told, channel),
    )


def trial_words() -> Words:
    """Of a message by which somebody tries a channel."""
    text = "这是一条测试消息，不是任务，无需处理。"
    return Words(title="【测试】实景值守", body=text, short=f"【测试】{text}", spoken=f"测试。{text}")


def joined(notices: Sequence[Notice]) -> Notice:
    """Several as one: a digest, under the key of the first. One stays as it is."""
    if len(notices) == 1:
        return notices[0]
    first = notices[0]
    drill = all(one.drill for one in notices)
    mark = DRILL if drill else ""
    count = f"{mark}{len(notices)}项任务待应答"
    lines = [f"{number}. {_line(one, drill)}" for number, one in enumerate(notices[:_SHOWN], 1)]
    more = [f"……共 {len(notices)} 项"] if len(notices) > _SHOWN else []
    answer = f"请打开 {first.url} 逐项应答。" if first.url else "请在值守应用中逐项应答。"
    spoken = "这是演练。" if drill else ""
    return replace(
        first,
        repeated=any(one.repeated for one in notices),
        title=count,
        body="\n".join([*lines, *more, *_drill_line(drill), answer]),
        short=f"{count}，请在值守应用中查看。{first.url}",
        spoken=f"{spoken}您有{len(notices)}项任务待应答，请打开值守应用。",
        drill=drill,
        assignment_ids=tuple(number for one in notices for number in one.assignment_ids),
    )


def within_bytes(text: str, most: int) -> str:
    """Cut between letters so that it has no more bytes of UTF-8."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len("…".encode())].decode(errors="ignore") + "…"


def _least(matter: Matter, *, in_group: bool) -> Matter:
    """The matter with what may be said there."""
    if not matter.private:
        return matter
    place = "" if matter.map == "none" else matter.place
    return replace(matter, plan="", task="一项任务，请在值守应用中查看" if in_group else matter.task, place=place)


def _place_line(place: str) -> list[str]:
    return [f"地点：{place}"] if place else []


def _drill_line(drill: bool) -> list[str]:
    return ["这是演练，不是真实险情。"] if drill else []


def _line(one: Notice, all_drills: bool) -> str:
    task, *rest = one.body.split("\n")
    facts = [line for line in rest if line.startswith(("地点：", "时限："))]
    mark = DRILL if one.drill and not all_drills else ""
    return "；".join([f"{mark}{task}", *facts])


def _spoken(matter: Matter, told: Matter, channel: str) -> str:
    drill = "这是演练。这是演练。" if matter.drill else ""
    level, due = LEVELS_ZH.get(matter.level, ""), matter.due_at.astimezone(BEIJING)
    when = f"{due.hour}点{due.minute:02}分"
    if channel == "loudspeaker":
        return f"{drill}{told.place}值守人员请注意：{level}任务，{told.task}，请于{when}前完成，并立即应答。"
    place = f"地点，{told.place}。" if told.place else ""
    return f"{drill}您有一项{level}任务。{told.task}。{place}请在{when}前完成，并立即在值守应用中应答。"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%m月%d日 %H:%M}"


def _cut(text: str, otherwise: str) -> str:
    return text if len(text) <= _SHORT else otherwise
