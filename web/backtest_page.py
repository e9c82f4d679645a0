"""A back-test as one page that needs nothing else: no script, no server, fit for paper."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from alerts.backtest_report import Backtest
from alerts.instants import aware
from alerts.levels import GRADES
from config.logs import BEIJING

_LEVELS = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
_SIDES = {"in_force": "现行 in force", "proposed": "试行 on trial", "both": "相同 both"}


def render_backtest(found: Backtest) -> str:
    """The page's text, in Chinese with the English beside it."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    templates.filters["local"] = lambda time: time.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    templates.filters["instant"] = lambda us: aware(us).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    return templates.get_template("backtest.html").render(
        found=found, levels=_LEVELS, grades=GRADES, sides=_SIDES, rules={rule.rule_id: rule for rule in found.rules}
    )
