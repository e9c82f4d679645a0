"""People, posts, shifts and absences as files that, imported again, change nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from access import audit
from access.scope import Scope
from access.vault import Vault
from config.database import Connection
from config.logs import BEIJING
from config.queries import Queries
from people.posts import shipped_posts
from people.private import Private, open_private
from people.rows import EMPLOYMENTS_ZH, KINDS_ZH
from people.sheets_out import Page, comma_separated, excel, only
from people.tables import TABLES, What

QUERIES = Queries(Path(__file__).with_name("export_queries.sql"))
_UNKNOWN = Private(name="")  # an import of it is told to fill it in
_EMPLOYMENT = {word: zh for zh, word in EMPLOYMENTS_ZH.items()}
_KIND = {word: zh for zh, word in KINDS_ZH.items()}


def export_file(
    connection: Connection,
    vault: Vault,
    wanted: Sequence[What],
    *,
    scope: Scope,
    actor: UUID | None,
    at: datetime,
    organisation_id: int | None = None,
    as_csv: bool = False,
) -> bytes:
    """What is in force at an instant or will be, of the organisations that lie in the scope; that it was, is logged.

    On an autocommit connection. Raises Refused for CSV of several tables, CannotOpen for another key.
    """
    asked = {"scope": list(scope.divisions), "everywhere": scope.everywhere, "at": at, "organisation": organisation_id}
    with connection.transaction():
        connection.execute(QUERIES["own"], asked)
        pages = [Page(table=TABLES[what], rows=list(_rows(connection, vault, what, asked))) for what in wanted]
        raw = comma_separated(only(pages)) if as_csv else excel(pages)
        rows = {page.table.what: len(list(page.rows)) for page in pages}
        audit.append(connection, act="person.exported", actor=actor, details={"rows": rows})
    return raw


def _rows(connection: Connection, vault: Vault, what: What, asked: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    found = connection.execute(QUERIES[what], asked).fetchall()
    if what == "people":
        yield from _people(connection, vault, found)
    elif what == "absences":
        for code, number, kind, since, until, stand_in in found:
            yield code, number, _KIND[kind], _moment(since), _moment(until), stand_in or "", ""
    else:
        for code, number, post, division, since, until in found:
            yield code, number, _post(post), division, _moment(since), _moment(until), ""


def _people(connection: Connection, vault: Vault, found: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, ...]]:
    opened = open_private(connection, vault, [row[0] for row in found])
    for person, code, number, employment, skills, since, until in found:
        who = opened.get(person, _UNKNOWN)
        told = (who.name, who.phone, who.email, _EMPLOYMENT[employment], "、".join(skills))
        yield code, number, *told, _moment(since), _moment(until)


def _post(post_id: str) -> str:
    post = shipped_posts().get(post_id)
    return post_id if post is None else post.zh


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(BEIJING)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
