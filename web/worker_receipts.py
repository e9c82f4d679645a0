"""What phones send by the thousand, receipts and answers: written together, each acknowledged after its commit."""

from collections.abc import Iterable, Sequence

from config.database import Connection
from dispatch.answers import Given, Said, give_all
from dispatch.clock import now_of
from dispatch.errors import Refused
from dispatch.receipts import Receipt, receive
from web.desk import Desk

Outcomes = Sequence[tuple[Given | None, Refused | None]]  # of the answers of one request: taken, or why not


class ReceiptDesk(Desk[Sequence[Receipt], None]):
    """Where receipts go: of a red alert there are thousands at once, of which the first need not wait for the last."""

    def __init__(self, database_url: str) -> None:
        super().__init__("phone-receipts", database_url, _receive, gather_s=0.05, at_once=250)


class AnswerDesk(Desk[Sequence[Said], Outcomes]):
    """Where answers go: one commit for all that come within a moment, as each of them tells the screens, and those
    who tell them wait for one another's commit."""

    def __init__(self, database_url: str) -> None:
        super().__init__("phone-answers", database_url, _give, gather_s=0.02, at_once=200)


def _receive(connection: Connection, asked: Sequence[Sequence[Receipt]]) -> Sequence[None]:
    receive(connection, _unlike(one for receipts in asked for one in receipts), now_of(connection))
    return [None] * len(asked)


def _unlike(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Each once, and of one message the furthest: one statement may change a row once only."""
    furthest: dict[tuple[int, object], Receipt] = {}
    for one in receipts:
        place = (one.assignment_id, one.person_id)
        if place not in furthest or one.kind == "read":
            furthest[place] = one
    return list(furthest.values())


def _give(connection: Connection, asked: Sequence[Sequence[Said]]) -> Sequence[Outcomes]:
    outcomes = iter(give_all(connection, [one for said in asked for one in said], now_of(connection)))
    return [[_parted(next(outcomes)) for _ in said] for said in asked]


def _parted(outcome: Given | Refused) -> tuple[Given | None, Refused | None]:
    return (None, outcome) if isinstance(outcome, Refused) else (outcome, None)
