"""Whose phone it is: what a worker sees and sends is a person's own, found by the account's person and nothing else."""

from uuid import UUID

from web.errors import NoPersonError, SessionNeededError
from web.viewing import View


def own_person(view: View) -> UUID:
    """Whom the account answers for; raises NoPersonError for an account that is no worker's."""
    if view.viewer.person_id is None:
        raise NoPersonError
    return view.viewer.person_id


def check_session(view: View) -> None:
    """Raise SessionNeededError for a token: a program has no page open, and counts as no phone."""
    if view.viewer.only is not None:
        raise SessionNeededError("an API token does not reach this: sign in with a browser")
