"""The pages that people may go to: one list, and the menu that every page has of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from config.settings import WebSettings
from web.viewing import View

Language = Literal["zh", "en"]

STAND_IN = "@pages@"  # in a page that is rendered once, where each answer puts the menu of who asks


@dataclass(frozen=True, kw_only=True)
class Page:
    """One entry of the menu."""

    path: str
    zh: str
    en: str
    right: str  # the one that its route needs
    everywhere: bool = False
    there: Callable[[WebSettings], bool] = lambda _: True


PAGES = (  # a new page is one line here, and {{ pages }} in its template
    Page(path="/", zh="实景图", en="Map", right="map.read"),
    Page(path="/runs", zh="预案运行", en="Plan runs", right="plans.read"),
    Page(path="/worker", zh="我的任务", en="My tasks", right="tasks.answer"),
    Page(path="/rules", zh="告警规则", en="Alert rules", right="rules.read"),
    Page(path="/figures", zh="统计", en="Figures", right="alerts.read"),
    Page(path="/events", zh="网格事件", en="Reported events", right="events.read"),
    Page(path="/plans", zh="预案", en="Plans", right="plans.read"),
    Page(path="/planner", zh="边界规划", en="Boundaries", right="boundaries.draft"),
    Page(path="/people", zh="人员", en="People", right="people.read"),
    Page(path="/duty", zh="值班", en="Duty", right="people.read"),
    Page(path="/scene", zh="实景要素", en="What stands where", right="scene.edit"),
    Page(path="/records", zh="重点人群", en="People in need", right="records.count"),
    Page(path="/divisions", zh="区划沿革", en="Divisions", right="map.read"),
    Page(path="/accounts", zh="账号管理", en="Accounts", right="accounts.manage"),
    Page(path="/audit", zh="审计", en="Audit", right="audit.read"),
    Page(
        path="/backtest",
        zh="规则回测报告",
        en="Back-test report",
        right="rules.try",
        everywhere=True,
        there=lambda settings: settings.backtest_report is not None,
    ),
)


def menu(here: str, language: Language, view: View) -> Markup:
    """The menu on the page `here`: what the one who asks may see."""
    return drawn(here, language, [page for page in PAGES if _shown(page, view)])


def _shown(page: Page, view: View) -> bool:
    scope = view.viewer.scope(page.right, view.parts.roles)
    return bool(scope) and (scope.everywhere or not page.everywhere) and page.there(view.parts.settings)


def drawn(here: str, language: Language, pages: Sequence[Page]) -> Markup:
    """The menu of these pages."""
    return Markup(_template().render(pages=pages, here=here, language=language))  # noqa: S704  our own template, escaped


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True).get_template("pages.html")
