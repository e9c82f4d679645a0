"""The whole audit trail held against its hashes and its seals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from access.audit import QUERIES
from access.chain import BEGINNING, Broken, follow, links_after
from access.seals import Seal, file_seals, stored_seals
from access.vault import Vault
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `shijing audit verify` tells."""

    entries: int
    sealed: int  # the last entry that a genuine seal vouches for; 0: none
    first_broken: Broken | None

    @property
    def intact(self) -> bool:
        return self.first_broken is None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        broken = self.first_broken
        return {
            "intact": self.intact,
            "entries": self.entries,
            "sealed": self.sealed,
            "first_broken": None if broken is None else {"seq": broken.seq, "why": broken.why},
        }


def verify(connection: Connection, vault: Vault) -> Verdict:
    """Check all of it, in one snapshot, on an autocommit connection; a million entries stream through.

    Raises AuditError where the file of seals cannot be read.
    """
    kept = file_seals(vault)  # before the snapshot: what is in the file by now was stored before
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        counted = connection.execute(QUERIES["count"]).fetchone()
        assert counted is not None
        stored = stored_seals(connection)
        genuine = [seal for seal in {*stored, *kept} if seal.is_genuine(vault)]
        end = follow(links_after(connection, 0), BEGINNING, _by_number(genuine))
    faults = [*_false(vault, {*stored, *kept}), *_lost(kept, stored)]
    if isinstance(end, Broken):
        faults.append(end)
    first = min(faults, key=lambda fault: fault.seq, default=None)
    vouched = [seal.seq for seal in genuine if first is None or seal.seq < first.seq]
    return Verdict(entries=counted[0], sealed=max(vouched, default=0), first_broken=first)


def _by_number(seals: Iterable[Seal]) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    for seal in seals:
        found.setdefault(seal.seq, set()).add(seal.hash)
    return found


def _false(vault: Vault, seals: Iterable[Seal]) -> Iterator[Broken]:
    for seal in seals:
        if not seal.is_genuine(vault):
            why = "was not made by that key" if vault.knows(seal.key_id) else f"is of a key that {vault.path} has not"
            yield Broken(seq=seal.seq, why=f"its seal, of key {seal.key_id}, {why}")


def _lost(kept: Iterable[Seal], stored: Iterable[Seal]) -> Iterator[Broken]:
    there = set(stored)
    for seal in kept:
        if seal not in there:
            yield Broken(seq=seal.seq, why="its seal is in the file beside the key and gone from the database")
