"""Where somebody's right reaches, and connections that show no more than that.

The one mechanism: the server reads as the database role `shijing_web`, whose row-level security lets
through what lies in the scope that the connection was given (config/migrations/0021_access.sql).
A connection without a scope shows nothing, nor does one whose scope was not sealed by us (0033_sealed_scope.sql).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from access.errors import ScopeRefused
from config.database import Connection

ROLE = "shijing_web"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Divisions and all that lies in them by today's map; or everywhere, which includes what lies nowhere."""

    everywhere: bool = False
    divisions: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.everywhere and self.divisions:
            object.__setattr__(self, "divisions", frozenset())

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.divisions)

    def only(self) -> int | None:
        """Its division, where it is one: to whom an act on all of it belongs."""
        return next(iter(self.divisions)) if len(self.divisions) == 1 else None

    def setting(self) -> str:
        """As the policies read it, once its seal was found right."""
        return "all" if self.everywhere else ",".join(map(str, sorted(self.divisions)))


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()


def united(parts: Iterable[int | None]) -> Scope:
    """The scope of several grants; None is one for everywhere."""
    divisions = frozenset(parts)
    return EVERYWHERE if None in divisions else Scope(divisions=frozenset(one for one in divisions if one is not None))


@dataclass(frozen=True, kw_only=True, repr=False)
class ScopeSeal:
    """What a scope is sealed with: whoever has it may look at everything."""

    inner_key: bytes
    outer_key: bytes

    def sealed(self, scope: Scope) -> str:
        """As `granted_scope()` of the database takes it: 64 hexadecimal digits, a colon, the scope."""
        text = scope.setting()
        inner = hashlib.sha256(self.inner_key + text.encode()).digest()
        return f"{hashlib.sha256(self.outer_key + inner).hexdigest()}:{text}"


def read_seal(owner: Connection) -> ScopeSeal:
    """That of the database; a reader's connection may not ask for it."""
    row = owner.execute("select inner_key, outer_key from scope_key").fetchone()
    if row is None:
        raise ScopeRefused("the table scope_key is empty: restore it from a back-up, no page shows anything without")
    return ScopeSeal(inner_key=row[0], outer_key=row[1])


def narrow(connection: Connection, scope: Scope, seal: ScopeSeal) -> None:
    """Make the connection show that scope from now on; also one that has not been used so before.

    Raises ScopeRefused where the seal is not this database's: it would show nothing, and that looks like calm.
    """
    # Prepared once and cheap: every request begins with it. A parameter, for a statement's text is seen by others.
    row = connection.execute(
        "select set_config('shijing.scope', %s, false), granted_scope()", [seal.sealed(scope)]
    ).fetchone()
    if row is None or row[1] != scope.setting():
        raise ScopeRefused("the database has another key for scopes than at our start (was another one restored?)")


def as_reader(connection: Connection) -> None:
    """From now on the connection reads as the web's role, so far without any scope."""
    connection.execute("set role shijing_web")  # also for one that signed in as that: it does no harm
    connection.execute("set search_path = scoped, public")
