"""/scene: the things of one's divisions, by kind; files in and out; and what stands there no more."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from scene.exporting import FORMS
from scene.kinds import shipped_kinds
from scene.listing import MOST_LISTED, counted, listed, read_thing, remove
from web.account_words import moment
from web.office import address, office_page
from web.pages import Language
from web.scene_api import placed
from web.scene_import import AT, RIGHT
from web.viewing import ViewOf, needs, needs_form

_GROUPS = {
    "house": ("房", "Buildings"),
    "land": ("地", "Land"),
    "object": ("物", "Objects"),
    "body": ("组织", "Bodies"),
}

router = APIRouter(prefix=AT)


@router.get("", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def scene_page(
    request: Request,
    view: ViewOf,
    kind: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """What stands in one's divisions."""
    zh, kinds = lang == "zh", shipped_kinds()
    chosen = kind if kind in kinds else None
    with placed(view) as connection:
        counts, rows = counted(connection), listed(connection, chosen, q.replace("\0", ""))
    words = {name: one.zh if zh else one.en for name, one in kinds.items()}
    return office_page(
        request, view, "scene.html", lang, menu_at=AT, kind=chosen or "", q=q, most=MOST_LISTED,
        done=_done(request, zh=zh), words=words,
        groups=[
            (told[0 if zh else 1],
             [(name, words[name], counts.get(name, 0), address(AT, lang, kind=name)) for name, one in kinds.items()
              if one.group == group])
            for group, told in _GROUPS.items()
        ],
        rows=[{**vars(one), "changed": moment(one.changed_at)} for one in rows], whole=address(AT, lang),
        total=sum(counts.values()), files=address(f"{AT}/import", lang, kind=chosen),
        outs=[(f"{AT}/export/{form}?kind={chosen}", told) for form, (_, told) in FORMS.items()] if chosen else [],
    )  # fmt: skip


@router.post("/{thing:int}/remove", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def remove_thing(thing: int, view: ViewOf, lang: Annotated[Language, Form()] = "zh") -> Response:
    """It stands there no more; a file that brings it again puts it back."""
    with view.connection() as connection:
        found = read_thing(connection, min(thing, 2**31 - 1))
    with view.acting() as connection:
        remove(connection, found.id, actor=view.viewer.account_id)
    return RedirectResponse(address(AT, lang, done="removed", kind=found.kind), status_code=303)


def _done(request: Request, *, zh: bool) -> str:
    told = {"imported": ("文件已导入。", "The file is imported."), "removed": ("已撤除。", "It is taken off the map.")}
    found = told.get(request.query_params.get("done", ""))
    return "" if found is None else found[0 if zh else 1]
