"""What each figure means, in one sentence and both languages: for the page, the workbook and docs/figures.md."""
# ruff: noqa: E501  # sentences

from collections.abc import Mapping
from dataclasses import dataclass

from web.pages import Language


@dataclass(frozen=True, kw_only=True)
class Defined:
    """One figure."""

    zh: str  # its name
    en: str
    means_zh: str
    means_en: str
    unit_zh: str
    unit_en: str
    sql: str  # the query of screen/figures_queries.sql

    def name(self, language: Language) -> str:
        """What it is called."""
        return self.zh if language == "zh" else self.en

    def means(self, language: Language) -> str:
        """What is counted."""
        return self.means_zh if language == "zh" else self.means_en

    def unit(self, language: Language) -> str:
        """What it is counted in."""
        return self.unit_zh if language == "zh" else self.unit_en


DEFINED: Mapping[str, Defined] = {
    "online": Defined(
        zh="传感器在线率", en="Sensors on line",
        means_zh="在该区划内且曾有读数的传感器中，当时没有未解除离线告警（其本身、其设备或其网关）的占比；逐时或逐日取末尾时刻。",
        means_en="Of the sensors that stand in the division and were ever heard, those about which, their device or their "
                 "gateway no silence alert stood; at the end of each hour or day.",
        unit_zh="个、%", unit_en="sensors, %", sql="online",
    ),
    "coverage": Defined(
        zh="镇街覆盖", en="Coverage",
        means_zh="期末的镇街（在镇街内则为村社或网格）中，已定位、有传感器、以及全部传感器离线或从无读数的各有多少。",
        means_en="At the end of the period: townships (within one of them its villages or grids), how many are located, "
                 "have sensors, and have none but sensors that are silent or were never heard.",
        unit_zh="个", unit_en="divisions", sql="coverage",
    ),
    "alerts_by_day": Defined(
        zh="每日告警", en="Alerts by day",
        means_zh="按发生时间（北京时间的日）统计的监测告警，按曾达到的最高等级；不含被搁置的。",
        means_en="Alerts by the day on which they were raised (Shanghai), by the highest level that each reached; without "
                 "those that were put aside.",
        unit_zh="起", unit_en="alerts", sql="alert_counts",
    ),
    "alerts_by_family": Defined(
        zh="告警类别与等级", en="Alerts by kind and level",
        means_zh="期内发生的监测告警按类别和曾达到的最高等级；不含被搁置的。",
        means_en="Alerts raised in the period by family and the highest level that each reached; without those put aside.",
        unit_zh="起", unit_en="alerts", sql="alert_counts",
    ),
    "alert_times": Defined(
        zh="告警用时", en="Times of alerts",
        means_zh="期内发生的告警，从发生到签收、处置、解除、关闭各用多久；未到该步的不计。",
        means_en="Of alerts raised in the period, from the raise until acknowledged, in hand, resolved and closed; those that "
                 "did not get there are not counted.",
        unit_zh="秒", unit_en="s", sql="alert_times",
    ),
    "task_times": Defined(
        zh="任务用时", en="Times of tasks",
        means_zh="期内叫应的任务，从首次叫应到收到（到场、完成也算已应答）、到场、完成各用多久。",
        means_en="Of tasks for which somebody was called in the period, from the call until answered (on site and done are "
                 "answers, too), on site and done.",
        unit_zh="秒", unit_en="s", sql="tasks",
    ),
    "event_times": Defined(
        zh="事件用时", en="Times of events",
        means_zh="期内上报的事件，受理、指派、处置、核查各环节及全程用多久；与另一环节同一次点击完成的不计。",
        means_en="Of events reported in the period, how long accepting, assigning, handling, verifying and the whole took; "
                 "what came with another step by one tap is not counted.",
        unit_zh="秒", unit_en="s", sql="event_times",
    ),
    "tasks": Defined(
        zh="任务应答", en="Tasks answered",
        means_zh="期内叫应的任务：应答的、完成的、超时的、未结束的；应答前已撤销或跳过的不算应答率。",
        means_en="Tasks for which somebody was called in the period: answered, done, late and still open; those taken back "
                 "before anybody answered owe no answer.",
        unit_zh="项", unit_en="tasks", sql="tasks",
    ),
    "closure": Defined(
        zh="分级办结", en="Closure by level",
        means_zh="期内上报的事件中已办结的，按办结的层级；不出网格＝网格办结占已办结，不出社区＝网格与村社办结占已办结。",
        means_en="Of events reported in the period those that are closed, by the level that closed them; within the grid: "
                 "closed by the grid of all closed; within the village: by grid or village.",
        unit_zh="件、%", unit_en="events, %", sql="event_closure",
    ),
    "false_alarms": Defined(
        zh="各规则误报", en="False alarms by rule",
        means_zh="期内发生的告警按规则：关闭时判定了原因的有多少，其中属实、误报、演练或测试；误报率＝误报占已判定。",
        means_en="Alerts raised in the period by rule: how many were judged when they were closed, and as real, false, drill "
                 "or test; the share is false of judged.",
        unit_zh="起、%", unit_en="alerts, %", sql="false_alarms",
    ),
    "load": Defined(
        zh="人员负荷", en="Load per worker",
        means_zh="期内叫应并由其应答的任务数、完成数和未结束数，多者在前（前 50）；有“查看人员”权限时按人，否则按岗位与区划，并除以期末在岗人数。",
        means_en="Tasks called for in the period that each answered for, of these done and still open, the 50 most loaded; by "
                 "person with the right to see people, else by post and place, divided by those who hold that post at the end.",
        unit_zh="项", unit_en="tasks", sql="tasks, load_by_post",
    ),
    "comparison": Defined(
        zh="区划对比", en="Comparison",
        means_zh="以上各数按下一级区划分列；不在任何一个之内的另列一行。",
        means_en="The figures above by the divisions of the level below; what lies in none of them has a line of its own.",
        unit_zh="各列所注", unit_en="as the columns say", sql="units",
    ),
    "before": Defined(
        zh="与上期相比", en="Against the period before",
        means_zh="与紧接之前、同样长度（今日则到同一时刻）的时段相比。",
        means_en="Against the time just before, as long as this one has lasted so far.",
        unit_zh="—", unit_en="—", sql="alert_totals",
    ),
}  # fmt: skip

LEVELS = {"red": ("红", "Red"), "orange": ("橙", "Orange"), "yellow": ("黄", "Yellow"), "blue": ("蓝", "Blue")}
UNITS = {
    "district": ("区县", "District"), "township": ("镇街", "Township"), "village": ("村社", "Village"),
    "grid": ("网格", "Grid"),
}  # fmt: skip
STEPS = {
    "alerts": {"acknowledged": ("签收", "Acknowledged"), "in_hand": ("处置", "In hand"),
               "resolved": ("解除", "Resolved"), "closed": ("关闭", "Closed")},
    "tasks": {"acknowledged": ("应答", "Answered"), "on_site": ("到场", "On site"), "done": ("完成", "Done")},
    "events": {"accepted": ("受理", "Accepted"), "assigned": ("指派", "Assigned"), "handled": ("处置", "Handled"),
               "verified": ("核查", "Verified"), "whole": ("全程", "Whole")},
}  # fmt: skip
FAMILIES = {
    "air": ("空气", "Air"), "care": ("人员", "People"), "device": ("设备", "Devices"), "electric": ("用电", "Electric"),
    "fire": ("火情", "Fire"), "flood": ("洪水", "Flood"), "gas": ("燃气", "Gas"), "geohazard": ("地灾", "Geohazard"),
    "heat": ("高温", "Heat"), "lift": ("电梯", "Lift"), "manhole": ("井盖", "Manhole"), "rain": ("降雨", "Rain"),
    "waterlogging": ("内涝", "Waterlogging"),
}  # fmt: skip
BINS = (
    ("1 分钟内", "< 1 min"), ("1–5 分", "1–5 min"), ("5–15 分", "5–15 min"), ("15–30 分", "15–30 min"),
    ("30–60 分", "30–60 min"), ("1–4 小时", "1–4 h"), ("4–24 小时", "4–24 h"), ("1 天以上", "> 1 day"),
)  # fmt: skip
ELSEWHERE = ("不在其中", "In none of them")


def said(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """A word of a table; its key where there is none."""
    zh, en = table.get(key, (key, key))
    return zh if language == "zh" else en
