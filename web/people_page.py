"""The people of a township in a browser: found, entered, changed; a card each. (Posts, absences: people_acts.py.)"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused
from access.places import division_within
from access.vault import Vault
from people.errors import PeopleError, Refused
from people.holdings import hold_post
from people.listing import own_organisations
from people.persons import add_person
from people.private import private
from web.office import address
from web.pages import Language
from web.people_view import AT, card_page, list_page, new_page
from web.people_words import day_begins, number
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
Short = Annotated[str, Form(max_length=60)]
Text = Annotated[str, Form(max_length=200)]


@router.get("", response_class=HTMLResponse, dependencies=[needs("people.read")])
def list_of_people(
    request: Request,
    view: ViewOf,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    organisation: Annotated[str, Query(max_length=20)] = "",
    post: Annotated[str, Query(max_length=60)] = "",
    state: Literal["yes", "no", "all"] = "yes",
    absent: Annotated[str, Query(max_length=5)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
    lang: Lang = "zh",
) -> Response:
    """The people whom the scope shows; names where there is a key file."""
    asked = {"q": q.strip(), "organisation": organisation, "post": post, "state": state, "absent": absent}
    return list_page(request, view, lang, {**asked, "after": after})


@router.get("/new", response_class=HTMLResponse, dependencies=[needs("people.edit")])
def form_for_new(request: Request, view: ViewOf, lang: Lang = "zh") -> Response:
    """The form for somebody new."""
    return new_page(request, view, lang)


@router.get("/{person}", response_class=HTMLResponse, dependencies=[needs("people.read")])
def card(
    request: Request,
    view: ViewOf,
    person: UUID,
    done: Annotated[str, Query(max_length=20)] = "",
    lang: Lang = "zh",
) -> Response:
    """One person: terms, posts, shifts to come, absences."""
    return card_page(request, view, lang, person, done=done)


@router.post("", response_class=HTMLResponse, dependencies=[needs_form("people.edit")])
def enter(
    request: Request,
    view: ViewOf,
    *,
    organisation: Short = "",
    staff_number: Short = "",
    name: Text = "",
    phone: Short = "",
    email: Text = "",
    employment: Short = "full_time",
    since: Short = "",
    post: Short = "",
    division: Short = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """Somebody new in an organisation that lies wholly in the scope, with the first post where one is chosen."""
    given = {
        "organisation": organisation, "staff_number": staff_number, "name": name, "phone": phone, "email": email,
        "employment": employment, "since": since, "post": post, "division": division,
    }  # fmt: skip
    try:
        made = _entered(view, given)
    except (PeopleError, AccountRefused) as refused:
        return new_page(request, view, lang, refused=refused, **given)
    return RedirectResponse(address(f"{AT}/{made}", lang, done="added"), status_code=303)


def _entered(view: View, given: dict[str, str]) -> UUID:
    at, actor = view.parts.clock(), view.viewer.account_id
    vault, where, place = keys_of(view), number(given["organisation"]), None
    with view.connection() as connection:
        if where is None or where not in own_organisations(connection, at):
            raise Refused("choose an organisation of yours", "请选择您范围内的机构。")
        if given["post"]:
            place = division_within(connection, given["division"].strip(), view.scope, now=at)
    begins = day_begins(given["since"]) or at
    with view.acting() as acting, acting.transaction():
        made = add_person(
            acting,
            vault,
            organisation_id=where,
            staff_number=given["staff_number"],
            fields=private(given["name"], given["phone"], given["email"]),
            since=begins,
            employment=given["employment"],  # type: ignore[arg-type]  # it is checked there
            actor=actor,
        )
        if place is not None:
            hold_post(acting, made, given["post"], place, since=begins, actor=actor)
    return made


def keys_of(view: View) -> Vault:
    """The keys that names are sealed with; raises Refused on a server that has none."""
    if view.parts.vault is None:
        raise Refused(
            "this server has no key file, so no name can be written: set SHIJING_ACCESS_KEY_FILE",
            "服务器未配置密钥文件，不能保存姓名。请设置 SHIJING_ACCESS_KEY_FILE。",
        )
    return view.parts.vault


def skills_of(text: str) -> list[str]:
    """What a person can do, separated by commas or 、."""
    return [part for part in text.replace("、", ",").replace("，", ",").split(",") if part.strip()]
