"""The audit in a browser: acts of one's scope, who opened which record and why, requests; whether the trail holds."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from access import audit
from access.access_log import Access, accesses
from access.audit import Entry
from access.errors import AccountRefused, FilterRefused
from access.places import divisions_of
from access.records import looks, openings
from web.account_words import moment
from web.accounts_view import in_words
from web.audit_asked import Filters, Known, actor_of, begin_of, end_of, filters, found, known, terms
from web.audit_words import act_in_words, choices, details_in_words
from web.office import Tab, address, office_page
from web.pages import Language
from web.trail_watch import TrailState
from web.viewing import View, ViewOf, needs, needs_form

AT = "/audit"
RIGHT = "audit.read"
ON_A_PAGE = 100

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Asked = Annotated[Filters, Depends(filters)]


@router.get("", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def audit_page(request: Request, view: ViewOf, asked: Asked, before: Before = None, lang: Lang = "zh") -> Response:
    """Acts of the scope, newest first, and the state of the trail."""
    rows: list[Entry] = []
    told, status = "", 200
    try:
        rows = found(view, asked, before=before, most=ON_A_PAGE + 1)
    except AccountRefused as refused:
        told, status = in_words(refused, lang), 422
    shown, more = rows[:ON_A_PAGE], len(rows) > ON_A_PAGE
    with view.acting() as connection:
        places = divisions_of(connection, view.scope, now=view.parts.clock())
    return office_page(
        request, view, "audit.html", lang, menu_at=AT, status=status, told=told,
        tabs=tabs(view, lang, "acts"),
        trail=trail(view),
        asked=asked, groups=choices(lang), places=places,
        rows=acts_in_words(view, shown, lang),
        onward=address(AT, lang, **asked.query(), before=shown[-1].seq) if more else "",
        export=address(f"{AT}/acts.csv", lang, **asked.query()),
        moment=moment,
    )  # fmt: skip


@router.get("/openings", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def openings_page(
    request: Request,
    view: ViewOf,
    asked: Asked,
    before: Before = None,
    lang: Lang = "zh",
) -> Response:
    """Who opened whose record; why is asked for by a form of its own."""
    return _openings(request, view, lang, asked, before, with_reasons=False)


@router.post("/openings", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def openings_with_reasons(
    request: Request,
    view: ViewOf,
    asked: Asked,
    before: Before = None,
    lang: Lang = "zh",
) -> Response:
    """The same with the words of the reasons; that they were read is itself in the trail, first."""
    return _openings(request, view, lang, asked, before, with_reasons=True)


@router.get("/access", response_class=HTMLResponse, dependencies=[needs(RIGHT, everywhere=True)])
def access_page(
    request: Request,
    view: ViewOf,
    asked: Asked,
    *,
    route: Annotated[str, Query(max_length=100)] = "",
    failed: bool = False,
    before: Annotated[str, Query(max_length=40)] = "",
    lang: Lang = "zh",
) -> Response:
    """Which requests were made, by whom, and how they were answered."""
    rows: list[Access] = []
    told, status = "", 200
    try:
        rows = requests(view, asked, route.strip(), failed=failed, before=before, most=ON_A_PAGE + 1)
    except AccountRefused as refused:
        told, status = in_words(refused, lang), 422
    shown, more = rows[:ON_A_PAGE], len(rows) > ON_A_PAGE
    names = known(view, [one.account for one in shown], [])
    query = {**asked.query(), "route": route, "failed": "true" if failed else ""}
    return office_page(
        request, view, "audit_access.html", lang, menu_at=AT, status=status, told=told,
        tabs=tabs(view, lang, "access"), asked=asked, route=route, failed=failed,
        rows=[(one, names.person(one.account, "—")) for one in shown],
        onward=address(f"{AT}/access", lang, **query, before=shown[-1].at.isoformat()) if more else "",
        export=address(f"{AT}/access.csv", lang, **query),
        moment=moment,
    )  # fmt: skip


def requests(view: View, asked: Filters, route: str, *, failed: bool, before: str, most: int) -> list[Access]:
    """Those of the access log that fit; raises FilterRefused for a filter that cannot be."""
    account = actor_of(view, asked.account) if asked.account else None
    with view.connection() as connection:
        return accesses(
            connection,
            account=account,
            route=route or None,
            failed=failed,
            since=begin_of(asked.since),
            until=end_of(asked.until),
            before=_instant(before),
            most=most,
        )


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise FilterRefused("this page of the list is none of ours", "翻页地址不对，请从第一页重新开始。") from error


def _openings(
    request: Request, view: View, language: Language, asked: Filters, before: int | None, *, with_reasons: bool
) -> HTMLResponse:
    vault = view.parts.vault
    told, status, rows, reasons = "", 200, [], {}
    try:
        fitting = terms(view, asked)
        with view.connection() as connection:
            rows = looks(connection, before=before, most=ON_A_PAGE + 1, **fitting)
        if with_reasons and vault is not None:
            _tell(view, len(rows[:ON_A_PAGE]))
            with view.connection() as connection:
                opened = openings(connection, vault, before=before, most=ON_A_PAGE, **fitting)
            reasons = {one.id: one for one in opened}
    except AccountRefused as refused:
        told, status = in_words(refused, language), 422
    shown, more = rows[:ON_A_PAGE], len(rows) > ON_A_PAGE
    names = known(view, [one.actor for one in shown], [one.division_id for one in shown])
    path, query = f"{AT}/openings", {**asked.query(), "act": ""}
    with view.acting() as connection:
        places = divisions_of(connection, view.scope, now=view.parts.clock())
    return office_page(
        request, view, "audit_openings.html", language, menu_at=AT, status=status, told=told,
        tabs=tabs(view, language, "openings"), asked=asked, places=places, rows=shown, names=names, reasons=reasons,
        has_vault=vault is not None, with_reasons=with_reasons,
        action=address(path, language, **query, before=before),
        onward=address(path, language, **query, before=shown[-1].audit_seq) if more else "",
        moment=moment,
    )  # fmt: skip


def _tell(view: View, rows: int) -> None:
    """Before anything is shown. It concerns the divisions of the auditor's scope: of one of them, where it is one."""
    roots = list(view.scope.divisions)
    with view.acting() as connection, connection.transaction():
        audit.append(
            connection, act="record.openings_listed", actor=view.viewer.account_id,
            division_id=roots[0] if len(roots) == 1 else None, details={"rows": rows},
        )  # fmt: skip


def trail(view: View) -> TrailState:
    """Whether the trail holds, as far as is known now."""
    return view.parts.trail.state(view.parts.pool, view.parts.vault, now=view.parts.clock())


def tabs(view: View, language: Language, here: str) -> list[Tab]:
    """Acts, openings; requests for an auditor of everywhere."""
    zh = language == "zh"
    found = [
        ("acts", AT, "操作" if zh else "Acts"),
        ("openings", f"{AT}/openings", "档案查阅" if zh else "Records opened"),
    ]
    if view.scope.everywhere:
        found.append(("access", f"{AT}/access", "访问日志" if zh else "Requests"))
    return [Tab(href=address(path, language), word=word, here=name == here) for name, path, word in found]


def acts_in_words(view: View, rows: list[Entry], language: Language) -> list[dict[str, Any]]:
    """Acts as the page and the export tell them."""
    names: Known = known(
        view, [one for row in rows for one in (row.actor, row.subject)], [row.division_id for row in rows]
    )
    roles = {name: (role.zh, role.en) for name, role in view.parts.roles.items()}
    return [
        {
            "seq": row.seq,
            "at": moment(row.at),
            "actor": names.person(row.actor, "系统" if language == "zh" else "the system"),
            "act": act_in_words(row.act, language),
            "code": row.act,
            "subject": names.subject(row.subject),
            "place": "" if row.division_id is None else names.places.get(row.division_id, str(row.division_id)),
            "details": details_in_words(row.details, roles, language),
        }
        for row in rows
    ]
