"""The page of rule authors: read, try on stored history, put in force. Its data come from web/rules_api.py."""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from web.account_bar import ACCOUNT, with_account
from web.pages import STAND_IN, Language, menu
from web.parts import PartsOf
from web.security import script_policy
from web.viewing import ViewOf, needs

router = APIRouter()

_HERE = Path(__file__).parent
_MODULES = _HERE / "static" / "rules"


@cache
def render_rules_page(title: str, language: Language, *, exercise: bool = False) -> str:
    """The page's text; rendered once per language, for nothing in it changes."""
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True)
    modules = sorted(path.name for path in _MODULES.glob("*.js"))
    return templates.get_template("rules.html").render(
        title=title, language=language, modules=modules, exercise=exercise, pages=STAND_IN, account=ACCOUNT
    )


@router.get("/rules", response_class=HTMLResponse, dependencies=[needs("rules.read")])
def rules_page(parts: PartsOf, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> HTMLResponse:
    """In Chinese or with `?lang=en` in English."""
    title = parts.settings.title_zh if lang == "zh" else parts.settings.title_en
    headers = {"Content-Security-Policy": script_policy(), "Cache-Control": "no-store"}
    text = render_rules_page(title, lang, exercise=parts.exercise.shown(parts.pool))
    text = text.replace(STAND_IN, menu("/rules", lang, view))
    return HTMLResponse(with_account(text, view.viewer, lang), headers=headers)
