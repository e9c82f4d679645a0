"""What an import of a layer found, before and after it was written."""

from dataclasses import asdict, dataclass
from typing import Any

from geo.coverage import Fault
from geo.placement import AssignReport

_SHOWN = 20  # of each kind, for people; as_dict has them all


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The state of a layer against the divisions, and what was done with it."""

    path: str
    level: str
    crs: str  # what the positions were converted from
    features: int
    matched: int  # divisions that the layer draws
    created: int  # grids that were (or would be) new divisions
    features_without_division: tuple[str, ...]  # with what each may be
    divisions_without_feature: tuple[str, ...]  # of the districts in the layer; they keep their boundaries
    code_differs: tuple[str, ...]  # told only: codes are numbered apart by two official lists
    invalid: tuple[Fault, ...]
    gaps: tuple[Fault, ...]  # of the layer as it would be, kept boundaries included
    overlaps: tuple[Fault, ...]
    written: bool
    refused: str = ""  # why nothing was written though it was asked for
    assigned: AssignReport | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people: what matched, what did not, what is wrong, what was done."""
        new = f", {self.created} new" if self.created else ""
        lines = [f"{self.path}: {self.features} features ({self.crs}), {self.matched} {self.level}s matched{new}"]
        lines += _listed("features that are no division we know", self.features_without_division)
        lines += _listed("divisions that the layer does not draw (they keep theirs)", self.divisions_without_feature)
        lines += _listed("codes that differ", self.code_differs)
        for title, faults in (("invalid shapes", self.invalid), ("gaps", self.gaps), ("overlaps", self.overlaps)):
            lines += _listed(title, tuple(fault.line() for fault in faults))
        if self.written:
            lines.append("Written.")
        else:
            lines.append(f"Nothing was written: {self.refused}" if self.refused else "Nothing was written (a trial).")
        return lines + (self.assigned.lines() if self.assigned else [])


def _listed(title: str, items: tuple[str, ...]) -> list[str]:
    if not items:
        return []
    more = [f"    … and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [f"  {title}: {len(items)}", *(f"    {item}" for item in items[:_SHOWN]), *more]
