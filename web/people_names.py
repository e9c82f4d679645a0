"""Who may be named to whom, and who may be changed by whom: asked anew at every request, in the scope of who asks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from access.errors import CannotOpen
from config.database import Connection
from people.errors import Refused
from people.listing import Known, Own, Staff, Wanted, known, one_of_staff, own_organisations, staff
from people.private import Private, find_private, open_private
from web.errors import PersonUnknownError
from web.people_words import uuid
from web.viewing import DATABASE_WAIT_S, View

EDIT = "people.edit"
CHOICES_AT_MOST = 300  # people in a list to choose from; where there are more, they are written


@dataclass(frozen=True, kw_only=True)
class Names:
    """People who were found in the scope, and the personal fields of those that could be opened."""

    known: dict[UUID, Known]
    opened: dict[UUID, Private] = field(default_factory=dict, repr=False)

    def of(self, person_id: UUID | None) -> str:
        """What to call somebody: by name, else by staff number; whoever may not be seen, not at all."""
        if person_id is None or (person := self.known.get(person_id)) is None:
            return "—"
        fields = self.opened.get(person_id)
        return person.staff_number if fields is None else fields.name

    def phone(self, person_id: UUID) -> str:
        """Their telephone; empty where none is known."""
        fields = self.opened.get(person_id)
        return "" if fields is None else fields.phone


def names_of(view: View, connection: Connection, ids: Iterable[UUID]) -> Names:
    """Names of those of `ids` whom the scoped connection shows; without the key staff numbers stand for them."""
    seen, vault = known(connection, set(ids)), view.parts.vault
    if vault is None or not seen:
        return Names(known=seen)
    try:
        with view.acting() as acting:
            return Names(known=seen, opened=open_private(acting, vault, seen))
    except CannotOpen:
        return Names(known=seen)


def no_names(view: View) -> bool:
    """Whether the server has no key file, and so no names."""
    return view.parts.vault is None


def kept_by(view: View, at: datetime) -> dict[int, Own]:
    """The organisations whose people the asker may change, by id; none without the right."""
    scope = view.viewer.scope(EDIT, view.parts.roles)
    if not scope:
        return {}
    with view.parts.scoped.connection(scope, DATABASE_WAIT_S) as connection:
        return own_organisations(connection, at)


def seen(connection: Connection, person_id: UUID, *, at: datetime) -> Staff:
    """One of the scope; raises PersonUnknownError."""
    found = one_of_staff(connection, person_id, at=at)
    if found is None:
        raise PersonUnknownError
    return found


def check_kept(person: Staff | Known, own: dict[int, Own]) -> None:
    """Raise Refused for one of an organisation that is not the asker's to keep."""
    if person.organisation_id not in own:
        raise Refused(
            "the person belongs to an organisation outside of your scope: ask whoever keeps it",
            "此人属于您范围外的机构，请由该机构维护。",
        )


def sought(view: View, text: str) -> tuple[list[UUID], str]:
    """Who has this whole name or telephone, seen or not, and the text as a staff number."""
    vault = view.parts.vault
    if vault is None:
        return [], text.strip()
    with view.acting() as acting:
        return find_private(acting, vault, text), text.strip()


def colleague(view: View, connection: Connection, text: str, own: dict[int, Own], *, at: datetime) -> UUID:
    """Whom a form names: by id, else by a whole name, telephone or staff number. Raises Refused.

    Of organisations that are the asker's to keep, and in the same words whether there is one elsewhere or none.
    """
    person_id = uuid(text.strip())
    ids, number = ([person_id], None) if person_id is not None else sought(view, text)
    found = staff(connection, Wanted(ids=ids, number=number), at=at, most=CHOICES_AT_MOST)
    mine = [one for one in found if one.organisation_id in own]
    if len(mine) != 1:
        raise Refused(
            f"{len(mine) or 'no'} people of yours fit: choose one, or write a staff number, whole name or telephone",
            f"您的范围内有 {len(mine)} 人符合，请选择一人，或填写工号、完整姓名或电话。",
        )
    return mine[0].id


def colleagues(
    view: View, connection: Connection, own: dict[int, Own], *, at: datetime, without: UUID | None = None
) -> list[tuple[str, str]]:
    """Those to choose from who serve, with their names; empty where they are too many for a list."""
    there = staff(connection, Wanted(serving=True), at=at, most=CHOICES_AT_MOST + 1)
    if len(there) > CHOICES_AT_MOST:
        return []
    found = [one for one in there if one.organisation_id in own and one.id != without]
    names = names_of(view, connection, [one.id for one in found])
    return [(str(one.id), _listed(one, names)) for one in found]


def _listed(one: Staff, names: Names) -> str:
    name = names.of(one.id)
    return name if name == one.staff_number else f"{name}（{one.staff_number}）"
