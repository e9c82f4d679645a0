"""The figures as one workbook: a sheet for each, with its time, place, unit and meaning; no cell is computed."""
# ruff: noqa: E501  # heads in both languages, side by side

from collections.abc import Iterable, Iterator, Mapping, Sequence

from config.logs import BEIJING
from events.figures import Closure
from events.workbook import Column, SheetOut, Value, workbook
from screen.figures import LEVELS as GRADES
from screen.figures import Taken
from web.figures_read import Figures
from web.figures_words import BINS, DEFINED, ELSEWHERE, FAMILIES, LEVELS, STEPS, UNITS, said
from web.pages import Language


class FiguresBook:
    """The sheets of one answer."""

    def __init__(self, told: Figures, language: Language) -> None:
        self._told, self._language = told, language
        where = told.division.name if told.division else self._word("全部范围", "All of the scope")
        drills = self._word("　仅演练", ", drills only") if told.drills else ""
        days = f"{told.first} ～ {told.last}" if told.first != told.last else f"{told.first}"
        made = f"{told.now.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        self._note = f"{days}　{where}{drills}　{self._word('统计时刻', 'as of')} {made}"

    def excel(self) -> bytes:
        """The whole file."""
        return workbook(
            self.sheets(), foot=self._word("实景 统计　由系统记录自动生成", "Figures, drawn from the records")
        )

    def sheets(self) -> list[SheetOut]:
        """All of them, in the order of the page; those that whoever asks may not see are left out."""
        told = self._told
        found = [
            self._meanings(),
            self._sheet("online", [self._head("时刻", "Time", 18), *self._heads(("传感器", "Sensors"), ("离线", "Silent")),
                                   self._share("在线率", "On line")], self._online()),
            self._sheet("coverage", [self._unit_head(), *self._heads(
                ("应覆盖", "To cover"), ("已定位", "Located"), ("有传感器", "With sensors"), ("全部离线", "All silent"),
                ("传感器", "Sensors"), ("离线", "Silent"), ("从无读数", "Never heard"))], self._coverage()),
            self._sheet("alerts_by_day", [self._head("日期", "Day", 14), *self._grade_heads()], self._by_day()),
            self._sheet("alerts_by_family", [self._head("类别", "Kind", 16), *self._grade_heads()], self._by_family()),
            self._sheet("alert_times", self._time_heads(), self._times("alerts", told.alert_times)),
            self._sheet("false_alarms", [self._head("规则", "Rule", 34), *self._heads(
                ("告警", "Alerts"), ("已判定", "Judged"), ("属实", "Real"), ("误报", "False"), ("演练或测试", "Trials")),
                self._share("误报率", "Share")], self._false_alarms()),
        ]  # fmt: skip
        if told.tasks:
            found += self._of_tasks()
        if told.events:
            found += [
                self._sheet("event_times", self._time_heads(), self._times("events", told.events.times)),
                self._sheet("closure", [self._unit_head(), *self._heads(
                    ("上报", "Reported"), ("办结", "Closed"), ("网格", "Grid"), ("村社", "Village"), ("镇街", "Township"),
                    ("区县", "District"), ("曾超时", "Once late"), ("现超时", "Late now")),
                    self._share("办结率", "Closed, share"), self._share("不出网格", "Within the grid"),
                    self._share("不出社区", "Within the village")], self._closure(told.events.closure)),
            ]  # fmt: skip
        return [*found, self._sheet("comparison", self._compared_heads(), self._compared())]

    def _of_tasks(self) -> list[SheetOut]:
        assert self._told.tasks is not None
        counted = [self._unit_head(), *self._heads(
            ("叫应", "Called"), ("应答", "Answered"), ("完成", "Done"), ("超时", "Late"), ("未结束", "Open")),
            self._share("应答率", "Answered, share")]  # fmt: skip
        loaded = [self._head("人员", "Person", 16), self._head("岗位", "Post", 16), self._head("区划", "Division", 22),
                  *self._heads(("应答人数", "People"), ("在岗人数", "Holders"), ("应答", "Answered"), ("完成", "Done"),
                               ("未结束", "Open"), ("超时", "Late"))]  # fmt: skip
        return [
            self._sheet("tasks", counted, self._tasks()),
            self._sheet("task_times", self._time_heads(), self._times("tasks", self._told.tasks.times)),
            self._sheet("load", loaded, self._load()),
        ]

    def names(self) -> int:
        """How many people are named."""
        return 0 if self._told.tasks is None else sum(one.name is not None for one in self._told.tasks.load)

    def _word(self, zh: str, en: str) -> str:
        return zh if self._language == "zh" else en

    def _sheet(self, key: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> SheetOut:
        one = DEFINED[key]
        unit = self._word("单位", "unit")
        return SheetOut(
            name=one.name(self._language)[:31], title=f"{one.name(self._language)}（{unit}：{one.unit(self._language)}）",
            note=f"{self._note}　{one.means(self._language)}", columns=columns, rows=rows,
        )  # fmt: skip

    def _meanings(self) -> SheetOut:
        heads = [
            self._head("统计项", "Figure", 22),
            self._head("含义", "What it means", 90),
            self._head("单位", "Unit", 14),
        ]
        rows = [
            (one.name(self._language), one.means(self._language), one.unit(self._language)) for one in DEFINED.values()
        ]
        name = self._word("说明", "Meanings")
        return SheetOut(
            name=name, title=self._word("统计说明", "What the figures mean"), note=self._note, columns=heads, rows=rows
        )

    def _head(self, zh: str, en: str, width: int = 11) -> Column:
        return Column(zh=self._word(zh, en), width=width)

    def _heads(self, *words: tuple[str, str]) -> list[Column]:
        return [self._head(zh, en) for zh, en in words]

    def _share(self, zh: str, en: str) -> Column:
        return Column(zh=self._word(zh, en), width=11, percent=True)

    def _unit_head(self) -> Column:
        return Column(zh=said(UNITS, self._told.level, self._language), width=24)

    def _grade_heads(self) -> list[Column]:
        return [
            *(Column(zh=said(LEVELS, grade, self._language), width=9) for grade in GRADES),
            self._head("合计", "All"),
        ]

    def _unit_name(self, unit_id: int | None) -> str:
        names = {one.id: one.name for one in self._told.units}
        return names.get(unit_id, self._word(*ELSEWHERE)) if unit_id is not None else self._word(*ELSEWHERE)

    def _name_of(self, unit_id: int | None, *, of_all: bool) -> str:
        return self._word("合计", "All") if of_all else self._unit_name(unit_id)

    def _online(self) -> Iterator[Sequence[Value]]:
        for one in self._told.online:
            share = (one.sensors - one.silent) / one.sensors if one.sensors else None
            yield f"{one.at.astimezone(BEIJING):%Y-%m-%d %H:%M}", one.sensors, one.silent, share

    def _coverage(self) -> Iterator[Sequence[Value]]:
        for one in self._ordered(self._told.coverage):
            yield (
                self._name_of(one.unit_id, of_all=one.of_all), one.cells, one.located, one.covered, one.dark,
                one.sensors, one.silent, one.unheard,
            )  # fmt: skip

    def _ordered(self, rows: Iterable) -> list:  # type: ignore[type-arg]
        """As the divisions are listed; the sum at the end."""
        places = {one.id: place for place, one in enumerate(self._told.units)}
        return sorted(rows, key=lambda one: (one.of_all, places.get(one.unit_id, len(places))))

    def _grades(self, by: str, key: str) -> Mapping[object, Mapping[str, int]]:
        found: dict[object, dict[str, int]] = {}
        for one in self._told.alerts:
            if one.by == by:
                found.setdefault(getattr(one, key), {})[one.peak] = one.count
        return found

    def _graded(self, counts: Mapping[str, int]) -> list[int]:
        return [*(counts.get(grade, 0) for grade in GRADES), sum(counts.values())]

    def _by_day(self) -> Iterator[Sequence[Value]]:
        found = self._grades("day", "day")
        for day in self._told.days:
            yield day.isoformat(), *self._graded(found.get(day, {}))
        yield self._word("合计", "All"), *self._graded(self._told.this.alerts)

    def _by_family(self) -> Iterator[Sequence[Value]]:
        found = self._grades("family", "family")
        for family in sorted(found, key=lambda one: -sum(found[one].values())):
            yield said(FAMILIES, str(family), self._language) or "—", *self._graded(found[family])
        yield self._word("合计", "All"), *self._graded(self._told.this.alerts)

    def _time_heads(self) -> list[Column]:
        bins = [Column(zh=self._word(zh, en), width=11) for zh, en in BINS]
        heads = self._heads(
            ("件数", "Count"), ("中位", "p50"), ("九成以内", "p90"), ("99% 以内", "p99"), ("最长", "Longest")
        )
        return [self._head("环节", "Step", 16), *heads, *bins]

    def _times(self, of: str, rows: Iterable[Taken]) -> Iterator[Sequence[Value]]:
        there = {one.step: one for one in rows if one.of_all}
        for step in STEPS[of]:
            if (one := there.get(step)) is not None:
                marks = [round(mark, 1) for mark in one.marks]
                yield said(STEPS[of], step, self._language), one.count, *marks, one.longest_s, *(one.bins or ())

    def _false_alarms(self) -> Iterator[Sequence[Value]]:
        for one in self._told.false_alarms:
            title = self._told.rules.get(one.rule_id)
            share = one.false_alarms / one.judged if one.judged else None
            name = one.rule_id if title is None else self._word(title.zh, title.en)
            yield name, one.raised, one.judged, one.real, one.false_alarms, one.trials, share

    def _tasks(self) -> Iterator[Sequence[Value]]:
        assert self._told.tasks is not None
        for one in self._ordered(self._told.tasks.counts):
            share = one.answered / one.called if one.called else None
            name = self._name_of(one.unit_id, of_all=one.of_all)
            yield name, one.called, one.answered, one.done, one.late, one.open, share

    def _load(self) -> Iterator[Sequence[Value]]:
        assert self._told.tasks is not None
        for one in self._told.tasks.load:
            post = self._word(one.post_zh, one.post_en)
            yield (
                one.name or "—", post, one.place, one.people, one.holders, one.answered, one.done, one.open, one.late
            )  # fmt: skip

    def _closure(self, rows: Sequence[Closure]) -> Iterator[Sequence[Value]]:
        places = {one.id: place for place, one in enumerate(self._told.units)}
        for one in sorted(rows, key=lambda row: (row.of_all, places.get(row.division_id or 0, len(places)))):
            yield (
                self._name_of(one.division_id, of_all=one.of_all), one.reported, one.closed, one.closed_grid,
                one.closed_village, one.closed_township, one.closed_district, one.was_late, one.overdue, one.rate(),
                one.within_grid(), one.within_village(),
            )  # fmt: skip

    def _compared_heads(self) -> list[Column]:
        heads = [self._unit_head(), *self._grade_heads(), self._head("签收中位（秒）", "Median to acknowledge, s", 14)]
        if self._told.tasks:
            heads += [
                *self._heads(("叫应", "Called"), ("应答", "Answered")),
                self._head("应答中位（秒）", "Median to answer, s", 14),
            ]
        if self._told.events:
            heads += [
                *self._heads(("上报", "Reported"), ("办结", "Closed")),
                self._share("不出网格", "Within the grid"),
            ]
        return [*heads, *self._heads(("传感器", "Sensors"), ("离线", "Silent"))]

    def _compared(self) -> Iterator[Sequence[Value]]:
        told = self._told
        grades, medians = self._grades("unit", "unit_id"), _medians(told.alert_times)
        answers = _medians(told.tasks.times) if told.tasks else {}
        counts = {one.unit_id: one for one in (told.tasks.counts if told.tasks else ()) if not one.of_all}
        closed = {one.division_id: one for one in (told.events.closure if told.events else ()) if not one.of_all}
        covered = {one.unit_id: one for one in told.coverage if not one.of_all}
        for unit in [*(one.id for one in told.units), None]:
            row: list[Value] = [self._unit_name(unit), *self._graded(grades.get(unit, {})), medians.get(unit)]
            if told.tasks:
                tasks = counts.get(unit)
                row += [tasks.called if tasks else 0, tasks.answered if tasks else 0, answers.get(unit)]
            if told.events:
                events = closed.get(unit)
                row += [events.reported if events else 0, events.closed if events else 0,
                        events.within_grid() if events else None]  # fmt: skip
            there = covered.get(unit)
            yield [*row, there.sensors if there else 0, there.silent if there else 0]


def _medians(rows: Iterable[Taken]) -> dict[int | None, float]:
    return {one.unit_id: round(one.median_s, 1) for one in rows if not one.of_all}
