"""What the pages of accounts show: those in the scope, and what may be done with each."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.accounts import accounts
from access.administration import Administrator
from access.errors import AccountRefused
from access.places import divisions_of
from web.account_words import moment
from web.office import address, office_page
from web.pages import Language
from web.people_names import names_of
from web.viewing import View

AT = "/accounts"
ON_A_PAGE = 50

KINDS: Mapping[str, tuple[str, str]] = {
    "person": ("个人", "person"),
    "screen": ("大屏", "wall screen"),
    "service": ("程序", "program"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "made": ("账号已开通。", "The account is made."),
    "given": ("角色已授予。", "The role is given."),
    "taken": ("角色已收回。", "The role is taken back."),
    "locked": ("账号已锁定，其会话已全部结束。", "The account is locked; its sessions have ended."),
    "unlocked": ("账号已解锁。", "The account can be used again."),
    "linked": ("已关联人员。", "It is linked with that person."),
    "unlinked": ("已解除关联。", "It is linked with nobody any more."),
    "erased": ("账号已注销，名称已清除。", "The account is erased, and its name with it."),
    "signed_out": ("其会话已全部结束。", "All its sessions have ended."),
}


def administrator_of(view: View) -> Administrator:
    """Whoever asks, as one who keeps accounts."""
    return Administrator(account_id=view.viewer.account_id, scope=view.scope, roles=view.parts.roles)


def in_words(refused: AccountRefused, language: Language) -> str:
    """What is told on the page."""
    text = refused.zh if language == "zh" else str(refused)
    return text[:1].upper() + text[1:]


def list_page(request: Request, view: View, language: Language, sought: str, after: str, done: str) -> HTMLResponse:
    """The accounts of the scope, fifty on a page."""
    roles = view.parts.roles
    words = [name for name, role in roles.items() if sought and sought.lower() in (name, role.zh, role.en.lower())]
    with view.acting() as connection:
        found = accounts(
            connection,
            view.scope,
            now=view.parts.clock(),
            sought=sought or None,
            sought_roles=words,
            after=after or None,
            most=ON_A_PAGE + 1,
        )
    rows, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    return office_page(
        request,
        view,
        "accounts.html",
        language,
        menu_at=AT,
        done=DONE[done][0 if language == "zh" else 1] if done in DONE else "",
        rows=[shown(row, view, language) for row in rows],
        sought=sought,
        onward=address(AT, language, q=sought, after=rows[-1]["name"]) if more else "",
        new=address(f"{AT}/new", language),
    )


def shown(row: Mapping[str, Any], view: View, language: Language) -> dict[str, Any]:
    """An account as the pages tell it."""
    place, zh = (0 if language == "zh" else 1), language == "zh"
    held = row["locked_until"] is not None and row["locked_until"] > view.parts.clock()
    return {
        "id": row["id"],
        "name": row["name"],
        "kind": KINDS[row["kind"]][place],
        "way": address(f"{AT}/{row['id']}", language),
        "locked": row["locked_at"] is not None,
        "held": held,
        "second_factor": row["second_factor"],
        "single_sign_on": row["single_sign_on"],
        "must_change": row["must_change"] and row["has_password"],
        "seen": moment(row["seen_at"]) or ("从未登录" if zh else "never"),
        "created": moment(row["created_at"]),
        "own": row["id"] == view.viewer.account_id,
        "grants": [_grant(grant, view, language) for grant in row["grants"]],
    }


def _grant(grant: Mapping[str, Any], view: View, language: Language) -> dict[str, Any]:
    role = view.parts.roles.get(grant["role"])
    everywhere = "全市" if language == "zh" else "the whole city"
    return {
        "id": grant["id"],
        "role": grant["role"] if role is None else role.zh if language == "zh" else role.en,
        "place": everywhere if grant["division_id"] is None else grant["division"] or str(grant["division_id"]),
        "until": (grant["until"] or "")[:10],
    }


def new_page(
    request: Request, view: View, language: Language, *, refused: AccountRefused | None = None, **given: str
) -> HTMLResponse:
    """The form for a new account; with what was given, where it was refused."""
    return office_page(
        request,
        view,
        "account_new.html",
        language,
        menu_at=AT,
        status=200 if refused is None else 409,
        told="" if refused is None else in_words(refused, language),
        kinds=[(kind, words[0 if language == "zh" else 1]) for kind, words in KINDS.items()],
        given={"kind": "person", "name": "", "role": "", "by": "link", **given},
        back=address(AT, language),
        **_choices(view, language, given.get("division")),
    )


def _choices(view: View, language: Language, division: str | None) -> dict[str, Any]:
    """Roles that may be given, and divisions to give them for."""
    administrator = administrator_of(view)
    with view.acting() as connection:
        choices = divisions_of(connection, view.scope, now=view.parts.clock())
    roles = [
        (name, role.zh if language == "zh" else role.en)
        for name, role in view.parts.roles.items()
        if administrator.may_give(name)
    ]
    own = "" if view.scope.everywhere or not choices else choices[0].code
    return {
        "roles": roles,
        "choices": choices,
        "division": own if division is None else division,
        "everywhere": view.scope.everywhere,
    }


def _person(view: View, person_id: UUID | None) -> str:
    """Whom it answers for: by name, else by staff number; empty: nobody."""
    if person_id is None:
        return ""
    with view.connection() as connection:
        return names_of(view, connection, [person_id]).of(person_id)


def one_page(
    request: Request,
    view: View,
    language: Language,
    account_id: UUID,
    *,
    refused: AccountRefused | None = None,
    done: str = "",
) -> HTMLResponse:
    """One account; raises AccountUnknown for one beyond the scope."""
    administrator = administrator_of(view)
    with view.acting() as connection:
        row = administrator.found(connection, account_id, now=view.parts.clock())
    why_not = administrator.why_not(row)
    place = 0 if language == "zh" else 1
    return office_page(
        request,
        view,
        "account_one.html",
        language,
        menu_at=AT,
        status=200 if refused is None else 409,
        told="" if refused is None else in_words(refused, language),
        done=DONE[done][place] if done in DONE else "",
        one=shown(row, view, language),
        person=_person(view, row["person_id"]),
        why_not="" if why_not is None else in_words(why_not, language),
        base=f"{AT}/{account_id}",
        back=address(AT, language),
        **_choices(view, language, None),
    )
