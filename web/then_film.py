"""The film strip of an event: frames at equal distances, each with its map, what changed, and the values."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from config.database import Connection
from screen.past import check_moment, first_reading, moments
from screen.past_film import Between, Change, Ground, outlines_of, read_between, read_ground
from screen.past_track import Track, divisions_within, read_track, step_of
from web.pages import Language
from web.state import Board, OpenAlert, check_division, read_clock
from web.then_picture import Sheet, Spot, sign
from web.then_state import read_past_board

LEVELS = ("red", "orange", "yellow", "blue")
_CITY = ZoneInfo("Asia/Shanghai")
_CHANGES_AT_MOST, _VALUES_AT_MOST = 5, 4
WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("事件胶片报告", "Film strip of an event"),
    "city": ("全部辖区", "all of the scope"),
    "red": ("红", "Red"), "orange": ("橙", "Orange"), "yellow": ("黄", "Yellow"), "blue": ("蓝", "Blue"),
    "opened": ("新增", "new"), "raised": ("升级", "raised"), "lowered": ("降级", "lowered"), "closed": ("结束", "over"),
    "started": ("预案启动", "plan begins"), "ended": ("预案终止", "plan ends"),
    "acknowledged": ("已应", "acknowledged"), "on_site": ("到场", "on site"), "done": ("完成", "done"),
    "cannot": ("不能到岗", "cannot"),
    "answers": ("应答", "Answers"), "plans": ("在执行预案", "Plans under way"),
    "nothing": ("没有变化", "Nothing changed"),
    "begin": ("起点", "The beginning"), "calm": ("没有未结告警", "No open alert"), "more": ("另有 {n} 项", "{n} more"),
    "mark": ("演练，并非实情", "EXERCISE, NOT REAL"),
    "span": ("时间段", "Span"), "place": ("范围", "Where"), "frames": ("帧数", "Frames"),
    "made": ("生成时间", "Made at"),
    "figures": ("数字", "Figures"), "most": ("同时最多", "Most at once"), "begun": ("新增告警", "New alerts"),
    "over": ("结束告警", "Alerts over"),
    "runs": ("同时最多预案", "Most plans at once"), "largest": ("最高值", "Largest value"),
    "derived": ("区划边界为推算，非官方", "Boundaries are derived, not official"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which strip."""

    since: datetime
    until: datetime
    frames: int
    division: int | None
    language: Language
    answers: bool  # what people answered may be told


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture with its words."""

    number: int
    time: str
    picture: Markup
    counts: list[tuple[Markup, str, int]]  # shape, word, how many alerts are open
    changes: list[tuple[Markup, str]]
    more: str
    answers: str
    values: list[str]
    plans: int


@dataclass(frozen=True, kw_only=True)
class Film:
    """The whole report, as the template draws it."""

    language: Language
    title: str
    mark: str  # of an exercise; "": none
    facts: list[tuple[str, str]]
    frames: list[Frame]
    figures: list[tuple[str, str]]
    foot: str

    def text(self) -> str:
        """Every letter of it, for its fonts."""
        told = [self.title, self.mark, self.foot, *(word for pair in (*self.facts, *self.figures) for word in pair)]
        for one in self.frames:
            told += [one.time, one.more, one.answers, *one.values, *(words for _, words in one.changes)]
        return "".join([*told, *(word for pair in WORDS.values() for word in pair)])


def read_film(connection: Connection, asked: Asked) -> Film:
    """In the scope of the connection, which must not be in a transaction; raises NoSuchMoment, DivisionUnknownError."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        now = read_clock(connection).now
        step_s = step_of(asked.until - asked.since, None)
        for at in (asked.since, asked.until):
            check_moment(connection, at, now)
        check_division(connection, asked.division)
        divisions = divisions_within(connection, asked.division, asked.until)
        times = moments(asked.since, asked.until, asked.frames)
        ground = read_ground(connection, asked.until, asked.division, divisions)
        frames = _frames(connection, asked, times, divisions, ground)
        first = first_reading(connection)
        track = read_track(connection, asked.since, asked.until, step_s=step_s, first=first, division=asked.division)
    return _film(asked, ground, frames, track, now)


def _frames(
    connection: Connection,
    asked: Asked,
    times: Sequence[datetime],
    divisions: Sequence[int] | None,
    ground: Ground,
) -> list[Frame]:
    sheet = Sheet(ground.lines)
    between = read_between(connection, times, divisions, answers=asked.answers)
    frames = []
    for number, (at, since) in enumerate(zip(times, between, strict=True), 1):
        board = read_past_board(connection, at)
        alerts = [one for one in board.alerts if divisions is None or one.township_id in divisions]
        outlines = outlines_of(connection, at, sorted({one.township_id for one in alerts if one.township_id}))
        picture = sheet.picture(_grounds(outlines, alerts), _spots(outlines, alerts))
        frames.append(
            _frame(
                asked.language,
                number,
                at=at,
                picture=picture,
                alerts=alerts,
                board=board,
                between=since,
                divisions=divisions,
            )
        )
    return frames


def _grounds(outlines: Mapping[int, BaseGeometry], alerts: Sequence[OpenAlert]) -> dict[str, list[BaseGeometry]]:
    worst: dict[int, str] = {}
    for alert in alerts:  # the gravest first
        if alert.township_id is not None and alert.township_id in outlines:
            worst.setdefault(alert.township_id, alert.level)
    grounds = defaultdict(list)
    for number, level in worst.items():
        grounds[level].append(outlines[number])
    return grounds


def _spots(outlines: Mapping[int, BaseGeometry], alerts: Sequence[OpenAlert]) -> list[Spot]:
    """One that tells no place stands in the middle of its township."""
    found = []
    for one in alerts:
        if one.lon is not None and one.lat is not None:
            found.append(Spot(level=one.level, lon=one.lon, lat=one.lat))
        elif one.township_id is not None and one.township_id in outlines:
            middle = outlines[one.township_id].representative_point()
            found.append(Spot(level=one.level, lon=middle.x, lat=middle.y))
    return found


def _frame(
    language: Language,
    number: int,
    *,
    at: datetime,
    picture: Markup,
    alerts: Sequence[OpenAlert],
    board: Board,
    between: Between,
    divisions: Sequence[int] | None,
) -> Frame:
    counted = Counter(one.level for one in alerts)
    changed = between.changes
    said = [(sign(one.level), _told(language, one)) for one in changed[:_CHANGES_AT_MOST]]
    more = len(changed) - len(said)
    if not changed:
        said = [(Markup(""), _word(language, "begin" if number == 1 else "nothing"))]
    answers = "、".join(f"{_word(language, kind)} {many}" for kind, many in sorted(between.answers.items()))
    return Frame(
        number=number, time=_time(at), picture=picture,
        counts=[(sign(level), _word(language, level), counted[level]) for level in LEVELS],
        changes=said, more=_word(language, "more").format(n=more) if more > 0 else "",
        answers=f"{_word(language, 'answers')} {answers}" if answers else "",
        values=_values(alerts),
        plans=sum(divisions is None or run.township_id in divisions for run in board.runs),
    )  # fmt: skip


def _values(alerts: Sequence[OpenAlert]) -> list[str]:
    measured = [(one.label or one.sensor, one.value, one.unit) for one in alerts if one.value is not None]
    return [f"{name} {_measured(value, unit)}" for name, value, unit in measured[:_VALUES_AT_MOST]]


def _told(language: Language, change: Change) -> str:
    level, kind = _word(language, change.level), _word(language, change.kind)
    return f"{change.time.astimezone(_CITY):%H:%M} {kind} {change.what} {level}"


def _film(asked: Asked, ground: Ground, frames: list[Frame], track: Track, now: datetime) -> Film:
    language = asked.language
    facts = [
        ("span", f"{_time(asked.since)} – {_time(asked.until)}"),
        ("place", ground.name or _word(language, "city")),
        ("frames", str(len(frames))),
        ("made", _time(now)),
    ]
    return Film(
        language=language, title=_word(language, "title"), mark=_word(language, "mark") if track.exercise else "",
        facts=[(_word(language, what), told) for what, told in facts], frames=frames,
        figures=_figures(language, track), foot=_word(language, "derived"),
    )  # fmt: skip


def _figures(language: Language, track: Track) -> list[tuple[str, str]]:
    at_once = "、".join(f"{_word(language, level)} {max(getattr(track, level))}" for level in LEVELS)
    told = [
        (_word(language, "most"), at_once),
        (_word(language, "begun"), str(sum(track.opened))),
        (_word(language, "over"), str(sum(track.closed))),
        (_word(language, "runs"), str(max(track.runs))),
    ]
    for course in track.values:
        known = [(value, at) for value, at in zip(course.values, track.times, strict=True) if value is not None]
        if known:
            value, at = max(known)
            told.append(
                (f"{_word(language, 'largest')} · {course.label}", f"{_measured(value, course.unit)}（{_time(at)}）")
            )
    return told


def _word(language: Language, key: str) -> str:
    return WORDS[key][0 if language == "zh" else 1]


def _measured(value: float, unit: str) -> str:
    """With the decimals that the screen shows."""
    return f"{value:.2f} {unit}" if unit == "m" else f"{value:.4g} {unit}".strip()


def _time(at: datetime) -> str:
    return f"{at.astimezone(_CITY):%Y-%m-%d %H:%M}"


def default_span(now: datetime) -> tuple[datetime, datetime]:
    """The last day."""
    return now - timedelta(days=1), now
