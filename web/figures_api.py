"""The figures of the command centre for programs, for a wall, and as a workbook."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from access import audit
from web.answers import answers
from web.api import as_json
from web.figures_asked import READ, FiguresQuery, PlaceQuery
from web.figures_read import Figures, Strip, read_figures, read_strip
from web.figures_sheets import FiguresBook
from web.file_import import workbook
from web.viewing import View, ViewOf, needs

router = APIRouter(tags=["figures"])


@router.get("/api/figures", responses=answers(Figures, 404, 422), dependencies=[needs(READ)])
def figures(view: ViewOf, asked: Annotated[FiguresQuery, Query()]) -> Response:
    """Everything on the page of figures: counts, times in seconds with their histograms, comparisons, definitions.

    Tasks need `plans.read` and events `events.read` as well; without it that part is null. Names of people need
    `people.read`; without it the load is told by post and place.
    """
    return as_json(read_figures(view, asked))


@router.get("/api/figures/strip", responses=answers(Strip, 404), dependencies=[needs(READ)])
def strip(view: ViewOf, asked: Annotated[PlaceQuery, Query()]) -> Response:
    """A line of figures of today so far, for a wall."""
    return as_json(read_strip(view, asked.within))


@router.get("/figures.xlsx", response_class=Response, dependencies=[needs(READ)])
def figures_file(view: ViewOf, asked: Annotated[FiguresQuery, Query()]) -> Response:
    """The same as a workbook, a sheet for each figure with its meaning; in Chinese, or with `lang=en` in English."""
    told = read_figures(view, asked)
    book = FiguresBook(told, "en" if asked.lang == "en" else "zh")
    raw = book.excel()
    _note(view, told, book.names())
    return workbook(raw, f"figures-{told.first}-{told.last}.xlsx")


def _note(view: View, told: Figures, names: int) -> None:
    """That it was drawn, and how many people are named in it."""
    details = {"from": told.first.isoformat(), "to": told.last.isoformat(), "rows": names}
    where = told.division.id if told.division else None
    with view.acting() as acting, acting.transaction():
        audit.append(acting, act="figures.drawn", actor=view.viewer.account_id, division_id=where, details=details)
