"""What a run of the generation did, for people and as one JSON object."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from geo.generate_quality import Quality
from geo.lines import ATTRIBUTION

_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Made:
    """The network of one township, as it was made."""

    township: str  # "district name"
    code: str
    quality: Quality
    complex: bool  # the smaller grids were wanted


@dataclass(frozen=True, kw_only=True)
class GenerationReport:
    """A run over the townships that were asked for."""

    townships: int  # asked for
    made: tuple[Made, ...]  # in this run
    there: int  # made before from the same, and left as they were
    left_alone: tuple[str, ...]  # with grids in force or adopted
    refused: dict[str, str]  # township → why
    points_outside: int  # of the file, in no township that was asked for
    stopped: bool  # by a signal; what is made is kept
    seconds: float
    processes: int
    seed: int
    settings: dict[str, Any]

    def figures(self) -> dict[str, Any]:
        """Of all grids made in this run; spread and compactness over townships."""
        all_of = [one.quality for one in self.made]
        grids = sum(one.grids for one in all_of)
        border = sum(one.border_m for one in all_of)
        return {
            "grids": grids,
            "households": sum(one.households for one in all_of),
            "within_bounds": _share(sum(one.within_bounds for one in all_of), grids),
            "compactness": _share(sum(one.compactness * one.grids for one in all_of), grids),
            "compactness_p5_worst": round(min((one.compactness_p5 for one in all_of), default=0.0), 3),
            "households_p5": _median([one.p5 for one in all_of]),
            "households_p50": _median([one.p50 for one in all_of]),
            "households_p95": _median([one.p95 for one in all_of]),
            "border_along_lines": _share(sum(one.along_lines_m for one in all_of), border),
            "not_contiguous": sum(one.not_contiguous for one in all_of),
            "complex_townships": sum(one.complex for one in self.made),
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "townships": self.townships,
            "made": len(self.made),
            "there": self.there,
            "left_alone": self.left_alone,
            "refused": self.refused,
            "points_outside": self.points_outside,
            "stopped": self.stopped,
            "seconds": round(self.seconds, 2),
            "processes": self.processes,
            "seed": self.seed,
            "settings": self.settings,
            "figures": self.figures(),
            "each": [
                {"township": one.township, "code": one.code, "complex": one.complex, **asdict(one.quality)}
                for one in sorted(self.made, key=lambda one: one.code)
            ],
        }

    def lines(self, *, each: bool = False) -> list[str]:
        """For people; `each`: with a row for every township."""
        figures = self.figures()
        lines = [
            f"{figures['grids']:,} grids proposed in {len(self.made):,} of {self.townships:,} townships"
            f" in {self.seconds:.1f} s on {self.processes} processes (seed {self.seed})"
        ]
        if self.there:
            lines.append(f"  made before from the same, left as they were: {self.there:,}")
        if self.made:
            lines += _in_words(figures)
        if figures["border_along_lines"]:
            lines.append(f"  lines: {ATTRIBUTION}")
        if self.points_outside:
            lines.append(f"  points in no township that was asked for: {self.points_outside:,}")
        lines += _listed("with grids in force or adopted, left alone (--again takes them too)", list(self.left_alone))
        lines += _listed("refused", [f"{name}: {why}" for name, why in self.refused.items()])
        if each:
            lines += ["", _HEAD, *(_row(one) for one in sorted(self.made, key=lambda one: one.code))]
        if self.stopped:
            lines.append("Stopped: what is made is kept; the same command goes on.")
        lines.append("They are proposed and in force nowhere: a planner adopts them into a draft.")
        return lines


_HEAD = "code       grids  households   p5  p50  p95  in bounds  compact  along lines  township"


def _row(one: Made) -> str:
    q = one.quality
    return (
        f"{one.code:<9}  {q.grids:5}  {q.households:10,}  {q.p5:3.0f}  {q.p50:3.0f}  {q.p95:3.0f}"
        f"  {_percent(_share(q.within_bounds, q.grids)):>9}  {q.compactness:7.3f}"
        f"  {_percent(_share(q.along_lines_m, q.border_m)):>11}  {one.township}"
    )


def _in_words(figures: dict[str, Any]) -> list[str]:
    return [
        f"  households of a grid (median township): p5 {figures['households_p5']:.0f},"
        f" p50 {figures['households_p50']:.0f}, p95 {figures['households_p95']:.0f};"
        f" {_percent(figures['within_bounds'])} of the grids within their bounds",
        f"  compactness (Polsby-Popper; a square has 0.785): mean {figures['compactness']:.3f},"
        f" the lowest p5 of a township {figures['compactness_p5_worst']:.3f}",
        f"  borders between grids along lines: {_percent(figures['border_along_lines'])};"
        f" grids that are not contiguous: {figures['not_contiguous']};"
        f" townships taken as complex: {figures['complex_townships']}",
    ]


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 1) if values else 0.0


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _listed(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"    … and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [f"  {title}: {len(items)}", *(f"    {item}" for item in items[:_SHOWN]), *more]
