"""What of a run's report whoever asks may have: names with the right to people, words where the plan allows them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from access.accounts import names_of as account_names
from access.errors import CannotOpen
from access.places import place_names
from access.vault import Vault
from config.database import Connection
from dispatch.account import RunAccount
from dispatch.account_reading import QUERIES
from dispatch.paper import Telling
from web.errors import RunUnknownError
from web.pages import Language
from web.people_names import names_of
from web.viewing import DATABASE_WAIT_S, View

PEOPLE = "people.read"


def told_to(view: View, account: RunAccount, language: Language) -> Telling:
    """For a report of a run that was found in the scope; raises RunUnknownError where the plan is not for a wall."""
    wall, privacy = view.viewer.kind == "screen", account.run.plan.get("privacy") or {}
    private = privacy.get("show_on_wall") is False
    if wall and private:
        raise RunUnknownError
    named = not wall and view.may(PEOPLE)
    words = named and not private
    with view.connection() as connection:
        places = place_names(connection, account.places(), now=view.parts.clock())
        rules = view.parts.rules.words(connection)
    people, accounts = _names(view, account) if named else ({}, {})
    return Telling(
        language=language,
        places=places,
        people=people,
        accounts=accounts,
        rule=lambda rule_id: rules(rule_id).label_zh if language == "zh" else rules(rule_id).label_en,
        words=words,
        notes=_notes(view, account) if words else {},
        privacy=privacy,
        township_id=account.run.township_id,
    )


def _names(view: View, account: RunAccount) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    """Of people and of accounts, as far as the right to people reaches; an account of a person by their name."""
    with view.acting() as acting:
        called = account_names(acting, account.actors())
        theirs = dict(acting.execute(QUERIES["people_of_accounts"], {"ids": list(called)}).fetchall())
    scope = view.viewer.scope(PEOPLE, view.parts.roles)
    with view.parts.scoped.connection(scope, DATABASE_WAIT_S) as connection:
        names = names_of(view, connection, {*account.people(), *theirs.values()})
    known = {person: names.of(person) for person in names.known}
    return known, {one: known.get(theirs[one], name) if one in theirs else name for one, name in called.items()}


def _notes(view: View, account: RunAccount) -> dict[str, str]:
    """The words of its notes by what they belong to, where the server has the key."""
    if view.parts.vault is None:
        return {}
    with view.acting() as acting:
        return dict(_opened(acting, view.parts.vault, account.run.id))


def _opened(connection: Connection, vault: Vault, run_id: int) -> Iterable[tuple[str, str]]:
    for number, told_by, content in connection.execute(QUERIES["notes"], {"run": run_id}).fetchall():
        try:
            yield str(told_by), vault.open(bytes(content), context=("attachments", "content", number))
        except CannotOpen:
            continue
