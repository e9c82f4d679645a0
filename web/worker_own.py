"""Whose phone it is: what a worker sees and sends is a person's own, found by the account's person and nothing else."""

from uuid import UUID

from config.database import Connection
from web.errors import NoPersonError, SessionNeededError
from web.viewing import View
from web.worker_cards import person_of


def own_person(view: View) -> UUID:
    """Whom the account answers for; raises NoPersonError for an account that is no worker's."""
    with view.acting() as connection:
        return person_by(connection, view)


def person_by(connection: Connection, view: View) -> UUID:
    """The same by a connection that is there already."""
    person = person_of(connection, view.viewer.account_id)
    if person is None:
        raise NoPersonError
    return person


def check_session(view: View) -> None:
    """Raise SessionNeededError for a token: a program has no page open, and counts as no phone."""
    if view.viewer.only is not None:
        raise SessionNeededError("an API token does not reach this: sign in with a browser")
