"""What the account page shows: one's own things, and no other's."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import segno
from fastapi.responses import HTMLResponse

from access.accounts import Account, account_of, grants_in_words
from access.errors import AccountRefused, SignInRefused
from access.scope import NOWHERE
from access.second_factor import address_of, being_set_up, codes_left
from access.sessions import sessions_of
from access.tokens import tokens
from access.viewer import Viewer
from config.database import Connection
from web.account_words import WAYS, agent_in_words, moment, right_in_words
from web.fresh import is_fresh
from web.gate import page_of, status_of, told, with_wait
from web.pages import Language, menu
from web.parts import Parts
from web.viewing import DATABASE_WAIT_S, View


def account_page_of(
    parts: Parts, viewer: Viewer, language: Language, *, at: str = "", refused: Exception | None = None, done: str = ""
) -> HTMLResponse:
    """The page. What was refused is told in the section `at`, as is what was done."""
    assert refused is None or isinstance(refused, SignInRefused | AccountRefused)
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        shown = _shown(connection, parts, viewer, language)
    if isinstance(refused, SignInRefused):
        answer = page_of(
            parts, "account.html", language, status_of(refused), at=at, told=told(refused, language), **shown
        )
        return with_wait(answer, refused)
    said = "" if refused is None else refused.zh if language == "zh" else str(refused)
    return page_of(
        parts, "account.html", language, 200 if refused is None else 409, at=at, told=said, done=done, **shown
    )


def _shown(connection: Connection, parts: Parts, viewer: Viewer, language: Language) -> dict[str, Any]:
    account = account_of(connection, viewer.account_id)
    due = account.must_change or viewer.lacks_factor(parts.roles)
    return {
        "viewer": viewer,
        "due": due,
        "pages": "" if due else menu("/account", language, _view(viewer, parts)),
        "must_change": account.must_change,
        "must_enrol": viewer.lacks_factor(parts.roles),
        "has_password": account.password_hash is not None,
        "single": account.oidc_subject is not None,
        "grants": _grants(connection, parts, account, language),
        "sessions": _sessions(connection, parts, viewer, language),
        "tokens": _tokens(connection, account, language),
        "rights": [(right, right_in_words(right, language)) for right in sorted(viewer.rights(parts.roles))],
        "now": parts.clock(),
        "fresh": is_fresh(viewer, parts.clock()),
        **_factor(connection, parts, account),
    }


def _view(viewer: Viewer, parts: Parts) -> View:
    """Of no right: for the menu, which asks for each page's own."""
    return View(viewer=viewer, right="", scope=NOWHERE, parts=parts)


def _grants(connection: Connection, parts: Parts, account: Account, language: Language) -> list[dict[str, str]]:
    everywhere = "全市" if language == "zh" else "the whole city"
    found = []
    for grant in grants_in_words(connection, account.id, now=parts.clock()):
        role = parts.roles.get(grant["role"])
        word = grant["role"] if role is None else role.zh if language == "zh" else role.en
        place = everywhere if grant["division_id"] is None else grant["division"] or str(grant["division_id"])
        found.append({"role": word, "place": place, "until": moment(grant["until"])})
    return found


def _sessions(connection: Connection, parts: Parts, viewer: Viewer, language: Language) -> list[dict[str, Any]]:
    place = 0 if language == "zh" else 1
    return [
        {
            "id": one["id"],
            "own": one["id"] == viewer.session_hash.hex(),
            "agent": agent_in_words(one["agent"], language),
            "address": one["address"],
            "way": WAYS[one["way"]][place],
            "since": moment(one["created_at"]),
            "seen": moment(one["seen_at"]),
        }
        for one in sessions_of(connection, viewer.account_id, now=parts.clock())
    ]


def _tokens(connection: Connection, account: Account, language: Language) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "rights": [right_in_words(right, language) for right in one["rights"]],
            "expires": moment(one["expires_at"]),
            "used": moment(one["used_at"]),
        }
        for one in tokens(connection, account.id)
        if one["revoked_at"] is None
    ]


def _factor(connection: Connection, parts: Parts, account: Account) -> dict[str, Any]:
    if account.totp_secret is not None:
        return {"factor": "on", "codes_left": codes_left(connection, account.id)}
    if parts.vault is None:
        return {"factor": "no_keys"}
    secret = being_set_up(connection, parts.vault, account.id, now=parts.clock())
    if secret is None:
        return {"factor": "off"}
    address = address_of(secret, account.name, parts.settings.title_zh)
    groups = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return {"factor": "begun", "secret": groups, "picture": _picture(address)}


def _picture(text: str) -> str:
    """The QR code as a data address: no other request carries the secret."""
    image = BytesIO()
    segno.make(text, error="m").save(image, kind="png", scale=6, border=3)
    return "data:image/png;base64," + b64encode(image.getvalue()).decode()
