"""What names or reaches a person: sealed with a key outside the database, searched by whole values, erasable."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from access import audit
from access.retention import Kind
from access.rotation import SealedColumn
from access.vault import Context, Vault
from config.database import Connection
from people.errors import Refused, Unknown
from people.history import QUERIES, instant, lock_people, one, told_at

FIELDS = ("name", "phone", "email")
TABLE = "people_private"

SEALED = (
    SealedColumn(table=TABLE, id="person_id", column="name", blind="name_blind"),
    SealedColumn(table=TABLE, id="person_id", column="phone", blind="phone_blind"),
    SealedColumn(table=TABLE, id="person_id", column="email"),
)
KINDS = (
    Kind(
        name="people",
        what="names, telephones and mail addresses of staff, after the end of their last term",
        erase=QUERIES["erase_people"],
        left=QUERIES["left_people"],
    ),
)

_LONGEST = 100
_PHONE = re.compile(r"(\+?[0-9]{3,20})?")
_EMAIL = re.compile(r"([^\s@]+@[^\s@]+)?")


@dataclass(frozen=True, kw_only=True)
class Private:
    """The personal fields of one; not shown in a repr, and so in no log. Empty: not known."""

    name: str = field(repr=False)
    phone: str = field(default="", repr=False)  # digits, a + before them at the most
    email: str = field(default="", repr=False)


def private(name: str, phone: str = "", email: str = "") -> Private:
    """Personal fields as they are kept; raises Refused, which never says what stood there."""
    fields = Private(name=" ".join(name.split()), phone=plain_phone(phone), email=email.strip())
    if not fields.name or any(len(text) > _LONGEST or "\0" in text for text in vars(fields).values()):
        raise Refused(
            f"a person has a name, and no field is longer than {_LONGEST} letters: shorten or fill it in",
            f"姓名必填，各项不超过 {_LONGEST} 个字符。",
        )
    if not _PHONE.fullmatch(fields.phone):
        raise Refused(
            "the telephone is no number: write 3 to 20 digits, with a + before them at the most",
            "电话应为 3 至 20 位数字，前面可有 +。",
        )
    if not _EMAIL.fullmatch(fields.email):
        raise Refused(
            "the mail address is none: write one such as duty@example.org, or leave it empty",
            "邮箱格式不对，请写成 duty@example.org，或留空。",
        )
    return fields


def plain_phone(text: str) -> str:
    """A number without what people write between its digits."""
    return re.sub(r"[\s()（）-]", "", text)


def put_private(connection: Connection, vault: Vault, person_id: UUID, organisation_id: int, fields: Private) -> None:
    """Write the personal fields within the caller's transaction."""
    sealed = {name: vault.seal(getattr(fields, name), context=context(name, person_id)) for name in FIELDS}
    blind = {f"{name}_blind": vault.blind(getattr(fields, name), context=(TABLE, name)) for name in ("name", "phone")}
    asked = {"person": person_id, "organisation": organisation_id, "digest": digest(vault, fields), **sealed, **blind}
    connection.execute(QUERIES["put_private"], asked)


def context(column: str, person_id: UUID) -> Context:
    """What a personal field is bound to."""
    return (TABLE, column, person_id)


def digest(vault: Vault, fields: Private) -> bytes:
    """Of all fields, with a key: whether a file brings anything new."""
    return vault.blind("\x1f".join(getattr(fields, name) for name in FIELDS), context=(TABLE, "digest"))


def change_private(
    connection: Connection, vault: Vault, person_id: UUID, fields: Private, *, actor: UUID | None = None
) -> None:
    """Give somebody other personal fields; what they were is kept nowhere. Raises Unknown."""
    with connection.transaction():
        organisation = lock_people(connection, [person_id])[person_id]
        put_private(connection, vault, person_id, organisation, fields)
        _log(connection, "person.fields_changed", person_id, organisation, instant(connection), actor)


def open_private(connection: Connection, vault: Vault, ids: Iterable[UUID]) -> dict[UUID, Private]:
    """The personal fields of people whom the asker may see (found in their scope); who was erased is not among them.

    On the server's own connection: the pages' role cannot read them. Raises CannotOpen for another key.
    """
    with connection.cursor(row_factory=class_row(_Sealed)) as cursor:
        found = cursor.execute(QUERIES["private"], {"ids": list(ids)}).fetchall()
    return {row.person_id: row.opened(vault) for row in found}


@dataclass(frozen=True, kw_only=True)
class _Sealed:
    person_id: UUID
    name: bytes
    phone: bytes
    email: bytes

    def opened(self, vault: Vault) -> Private:
        fields: dict[str, Any] = {
            name: vault.open(getattr(self, name), context=context(name, self.person_id)) for name in FIELDS
        }
        return Private(**fields)


def find_private(connection: Connection, vault: Vault, text: str) -> list[UUID]:
    """Who has this whole name or telephone, without opening any; whether the asker may see them is asked next."""
    if not text.strip():
        return []
    names = vault.blinds(" ".join(text.split()), context=(TABLE, "name"))
    phones = vault.blinds(plain_phone(text), context=(TABLE, "phone"))
    return [row[0] for row in connection.execute(QUERIES["find_private"], {"names": names, "phones": phones})]


def erase_private(connection: Connection, person_id: UUID, *, now: datetime, actor: UUID | None = None) -> None:
    """Forget who somebody was, for good; what they held stays, with an id that says nothing.

    Raises Refused while they serve, Unknown where there is nothing (any more).
    """
    with connection.transaction():
        organisation = lock_people(connection, [person_id])[person_id]
        if one(connection, "serves_after", {"person": person_id, "at": now}):
            raise Refused(
                "the person still serves: end their term first (`shijing people end`)", "此人仍在职，请先办理离职。"
            )
        if one(connection, "erase_private", {"person": person_id}) is None:
            raise Unknown(f"the personal fields of {person_id} were erased before")
        _log(connection, "person.erased", person_id, organisation, now, actor)


def _log(
    connection: Connection, act: str, person_id: UUID, organisation_id: int, at: datetime, actor: UUID | None
) -> None:
    where = told_at(connection, organisation_id, at)
    audit.append(connection, act=act, actor=actor, subject=person_id, division_id=where)
