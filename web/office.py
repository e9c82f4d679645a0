"""Pages at a desk: accounts, audit, records. What they share: the frame, its menu, the way to the other language."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from web.account_bar import account_bar
from web.gate import page_of
from web.pages import Language, menu
from web.viewing import View


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One part of a page."""

    href: str
    word: str
    here: bool


def office_page(
    request: Request, view: View, template: str, language: Language, *, menu_at: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page in the frame; `menu_at` is its entry of the menu."""
    return page_of(
        view.parts,
        template,
        language,
        status,
        viewer=view.viewer,
        pages=menu(menu_at, language, view),
        account=Markup(account_bar(view.viewer, language)),  # noqa: S704  our own, escaped there
        other_language=_other_language(request, language, menu_at),
        here=menu_at,
        **{"tabs": [], "told": "", "done": "", **values},
    )


def address(path: str, language: Language, **query: object) -> str:
    """A page of ours in the language, with what it is asked for; what is empty is left out."""
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    if language != "zh":
        asked["lang"] = language
    return f"{path}?{urlencode(asked)}" if asked else path


def _other_language(request: Request, language: Language, menu_at: str) -> str:
    """The same page; after a form, which must not be sent again, the one that it began at."""
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    path = request.url.path if request.method == "GET" else menu_at
    return address(path, "en" if language == "zh" else "zh", **(query if request.method == "GET" else {}))
