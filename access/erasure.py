"""An account is erased: who it was is gone, what was done by it stays under an id that says nothing."""

from datetime import datetime
from uuid import UUID

from access.accounts import QUERIES, account_of, home, tell
from access.errors import AccountRefused
from access.second_factor import QUERIES as FACTOR
from config.database import Connection


def erase_account(connection: Connection, account_id: UUID, *, now: datetime, by: UUID | None = None) -> str:
    """Take name, password, second factor, single sign-on, sessions, links and words of tokens; end its roles.

    What it is called from then on, in lists of what was done. Neither the audit nor any row that names the id is
    touched. Raises AccountRefused where it was erased before.
    """
    with connection.transaction():
        account_of(connection, account_id)
        where = home(connection, account_id)  # before its roles end
        asked = {"id": account_id, "account": account_id, "now": now, "but": None}
        row = connection.execute(QUERIES["erase_account"], asked).fetchone()
        if row is None:
            raise AccountRefused("the account was erased before", "该账号已注销。")
        connection.execute(QUERIES["erase_actor"], {**asked, "name": row[0]})
        for query in ("end_sessions", "forget_tickets", "forget_links", "silence_tokens", "end_all_grants"):
            connection.execute(QUERIES[query], asked)
        for query in ("forget_recovery_codes", "end_setup"):
            connection.execute(FACTOR[query], asked)
        tell(connection, act="account.erased", account_id=account_id, by=by, division_id=where)
    return str(row[0])
