"""A run of the generation over a database: what is asked for, made where it is not there, and kept as it comes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.database import Connection
from config.generation_settings import GenerationSettings
from geo.errors import GeoError
from geo.generate_many import Refused, generate_many
from geo.generate_report import GenerationReport, Made
from geo.generate_township import Network, Township
from geo.households import By
from geo.lines import Lines
from geo.point_file import Points
from geo.proposals import Place, There, fingerprint, households_of, keep, lines_shown, places, there, townships

_UNKNOWN = "its households are not known: give points with --points, or import the township's households"


class NothingToGenerate(GeoError):
    """No township is meant by what was asked for."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is asked for."""

    township: str | None = None  # code or name
    district: str | None = None
    again: bool = False  # also where grids are in force or adopted
    seed: int = 1
    grids: int | None = None  # in all of the city: how many households each has follows from it
    by: By = "committees"
    points: Points | None = None
    lines: Lines | None = None
    processes: int = 2


@dataclass(kw_only=True)
class Watch:
    """Who is told how far it is, and may end it."""

    begins: Callable[[int], None] = field(default=lambda _: None)  # how many townships
    made: Callable[[str, int], None] = field(default=lambda _name, _grids: None)
    stopped: Callable[[], bool] = field(default=lambda: False)


def run(
    connection: Connection, wanted: Wanted, settings: GenerationSettings, *, now: datetime, watch: Watch
) -> GenerationReport:
    """Make and keep the networks; raises NothingToGenerate."""
    began = time.monotonic()
    every = places(connection, now)
    chosen = _chosen(every, wanted)
    households = households_of(every, wanted.by)
    settings = _for_so_many(settings, wanted.grids, households)
    before = there(connection)
    free = [one for one in chosen if wanted.again or not _is_taken(one, before)]
    ready = townships(free, households, wanted.points, wanted.lines)
    inputs = {one.id: fingerprint(one, settings, wanted.seed) for one in ready}
    work = _Work(names={one.id: one for one in free}, inputs=inputs)
    todo = [one for one in ready if before.get(one.id, There()).waiting != inputs[one.id]]
    known = [one for one in todo if one.households > 0 or one.weights.sum() > 0]
    work.refused = {work.names[one.id].title(): _UNKNOWN for one in todo if not (one.households or one.weights.sum())}
    stopped = _make(connection, known, settings, wanted, work, watch)
    return GenerationReport(
        townships=len(chosen),
        made=tuple(work.made),
        there=len(ready) - len(todo),
        left_alone=tuple(one.title() for one in chosen if one.id not in work.names),
        refused=work.refused,
        points_outside=0 if wanted.points is None else len(wanted.points.at) - sum(len(one.points) for one in ready),
        stopped=stopped,
        seconds=time.monotonic() - began,
        processes=wanted.processes,
        seed=wanted.seed,
        settings=settings.model_dump(),
    )


@dataclass(kw_only=True)
class _Work:
    """What is known and done in a run."""

    names: dict[int, Place]
    inputs: dict[int, str]
    made: list[Made] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def _make(
    connection: Connection,
    known: Sequence[Township],
    settings: GenerationSettings,
    wanted: Wanted,
    work: _Work,
    watch: Watch,
) -> bool:
    """Each network is kept in a transaction of its own; whether it was stopped before the end."""
    by_id = {one.id: one for one in known}
    watch.begins(len(known))
    results = generate_many(known, settings, wanted.seed, processes=wanted.processes)
    for number, result in enumerate(results, start=1):
        place = work.names[result.township_id]
        if isinstance(result, Refused):
            work.refused[place.title()] = result.why
            watch.made(place.title(), 0)
        else:
            keep(
                connection, result, settings, seed=wanted.seed, inputs=work.inputs[result.township_id],
                lines_shown=lines_shown(by_id[result.township_id]),
            )  # fmt: skip
            work.made.append(_made(place, result))
            watch.made(place.title(), len(result.grids))
        if watch.stopped():
            results.close()
            return number < len(known)
    return False


def _made(place: Place, network: Network) -> Made:
    return Made(township=place.title(), code=place.code, quality=network.quality, complex=network.complex)


def _is_taken(place: Place, before: dict[int, There]) -> bool:
    return place.has_grids or before.get(place.id, There()).adopted


def _chosen(every: list[Place], wanted: Wanted) -> list[Place]:
    """The townships that are meant; raises NothingToGenerate with what else they may be."""
    chosen = every
    if wanted.district is not None:
        chosen = [one for one in chosen if wanted.district in (one.district, one.census_code)]
        if not chosen:
            raise NothingToGenerate(f"no district {wanted.district!r} with drawn townships: give its name, as 渝中区")
    if wanted.township is not None:
        chosen = [one for one in chosen if wanted.township in (one.code, one.name)]
        if not chosen:
            raise NothingToGenerate(f"no township {wanted.township!r} with a polygon: give its code or its name")
        if len(chosen) > 1:
            which = ", ".join(f"{one.title()} ({one.code})" for one in chosen)
            raise NothingToGenerate(f"{wanted.township!r} are several: {which}. Name the district, too, or the code")
    if not chosen:
        raise NothingToGenerate("no township has a polygon: import divisions first (shijing import divisions)")
    return chosen


def _for_so_many(settings: GenerationSettings, grids: int | None, households: dict[int, float]) -> GenerationSettings:
    """Settings with which all townships together get about so many grids."""
    return settings if grids is None else settings.with_target(max(1, round(sum(households.values()) / grids)))
