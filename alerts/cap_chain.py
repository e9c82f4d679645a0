"""Which transitions of an alert become CAP messages, of what type, and which earlier ones each refers to."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.cap import MessageType
from alerts.out_alerts import ToldTransition
from alerts.out_steps import Moved, steps

MOST_REFERENCES = 50


@dataclass(frozen=True, kw_only=True)
class Link:
    """One message of an alert's chain."""

    moved: Moved
    revision: int  # 1, 2 … within the alert
    type: MessageType
    level: str  # of a Cancel: the level that ends
    references: tuple[int, ...]  # transition ids of the messages that this one replaces

    @property
    def transition(self) -> ToldTransition:
        """What made it."""
        return self.moved.transition


def chain(transitions: Sequence[ToldTransition]) -> list[Link]:
    """The messages of one alert, from its transitions in their order.

    While the alert is open every change of its level or state is told: the first as Alert, the next as
    Update. Its end is a Cancel; what moves after that (closed with a cause) cancels nothing and is not
    told. A reopened alert begins again with Alert. Remarks, and what is held back or hidden, change nothing in it.
    """
    links: list[Link] = []
    in_force: list[int] = []
    level = "blue"
    for moved in steps(transitions):
        if not moved.changes or (moved.over and not in_force):
            continue
        if not moved.over and moved.level != "none":
            level = moved.level
        kind: MessageType = "Cancel" if moved.over else "Update" if in_force else "Alert"
        references = tuple(in_force[:1] + in_force[1:][-(MOST_REFERENCES - 1) :])
        links.append(Link(moved=moved, revision=len(links) + 1, type=kind, level=level, references=references))
        in_force = [] if moved.over else [*in_force, moved.transition.id]
    return links
