"""The film strip of an event as a page that can be printed, and as PDF."""

import threading
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from web.asked import InView, Moment
from web.errors import BusyError
from web.office import address, office_page
from web.pages import Language
from web.run_report_pdf import lacks_pango, pdf_of
from web.state import read_clock
from web.then_film import WORDS, Asked, Film, default_span, read_film
from web.then_film_file import film_html
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/then")

RIGHT = "map.read"
Since = Annotated[Moment, Query(alias="from")]
Until = Annotated[Moment, Query(alias="to")]
Frames = Annotated[int, Query(ge=2, le=48)]
Lang = Annotated[Language, Query()]
# Each takes a second of a core: the pages need the others.
_DRAWING = threading.Semaphore(2)


@router.get("/report", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def report(
    request: Request,
    view: ViewOf,
    *,
    since: Since = None,
    until: Until = None,
    frames: Frames = 12,
    division: InView = None,
    lang: Lang = "zh",
) -> Response:
    """Frames of a span (at most 31 days; by default the last day) with maps, changes and values."""
    film, asked = _film(view, since, until, frames, division, lang)
    query = {"from": asked.since.isoformat(), "to": asked.until.isoformat(), "frames": frames, "in": division}
    return office_page(
        request, view, "then_report.html", lang, menu_at="/", film=film, words=_words(lang),
        pdf="" if lacks_pango() else address("/then/report.pdf", lang, **query),
    )  # fmt: skip


@router.get("/report.pdf", response_class=Response, dependencies=[needs(RIGHT)])
def report_as_pdf(
    view: ViewOf,
    since: Since = None,
    until: Until = None,
    frames: Frames = 12,
    division: InView = None,
    lang: Lang = "zh",
) -> Response:
    """The same as PDF, A4."""
    film, asked = _film(view, since, until, frames, division, lang)
    if not _DRAWING.acquire(blocking=False):
        raise BusyError("other reports are being made: try again in a moment")
    try:
        made = pdf_of(film.text(), lambda fonts, families: film_html(film, _words(lang), fonts, families))
    finally:
        _DRAWING.release()
    name = f"film-{asked.since:%Y%m%d-%H%M}{'-drill' if film.mark else ''}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made, media_type="application/pdf", headers=headers)


def _film(
    view: View, since: Moment, until: Moment, frames: int, division: int | None, language: Language
) -> tuple[Film, Asked]:
    with view.connection() as connection:
        first, last = default_span(read_clock(connection).now)
        asked = Asked(
            since=since or first, until=min(until or last, last), frames=frames, division=division, language=language,
            answers=view.may("plans.read"),
        )  # fmt: skip
        return read_film(connection, asked), asked


def _words(language: Language) -> dict[str, str]:
    return {key: told[0 if language == "zh" else 1] for key, told in WORDS.items()}
