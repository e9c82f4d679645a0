"""Weighing a draft: what publishing it would do to all that hangs on its divisions. It changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import namedtuple_row

from boundaries.desk import Held
from boundaries.difference import Difference, Share, area_of
from boundaries.drafts import Draft
from boundaries.impact import QUERIES, Impact, Moved, Place, UnitChange, place_of
from config.database import Connection
from geo.replacing import found_in, numbers, standing_on
from people.duty import on_duty_for

WORKER = "grid_worker"
WITHIN = 0.95  # of its land that a unit had from another: then it is a part of it (follow_queries.sql)


def impact_of(connection: Connection, draft: Draft, held: Held, *, at: datetime) -> Impact:
    """What publishing it with `at` as the date of effect would do, by what is known now; changes nothing."""
    return _Weighing(connection, draft, held, at).weigh()


class _Weighing:
    def __init__(self, connection: Connection, draft: Draft, held: Held, at: datetime) -> None:
        self._connection = connection
        self._draft = draft
        self._held = held
        self._at = at
        self._difference = Difference(held.base.coverage.units, held.coverage.units)
        before, after = self._difference.before, self._difference.after
        self._places = {unit.key: place_of(unit) for unit in (*before.values(), *after.values())}
        # A new unit has no number yet: negative ones stand for them here.
        self._numbers = {
            key: place.id if place.id is not None else -number
            for number, (key, place) in enumerate(self._places.items(), start=1)
        }
        self._by_number = {number: self._places[key] for key, number in self._numbers.items()}
        self._touched = [*self._difference.gone, *self._difference.redrawn]
        self._ids = [self._numbers[key] for key in self._touched]

    def weigh(self) -> Impact:
        sensors, places = self._sensors()
        moved = [
            *sensors,
            *self._alerts(sensors, places),
            *self._runs(),
            *self._duty(),
            *self._counted(),
            *self._rights(),
        ]
        difference = self._difference
        return Impact(
            at=self._at,
            units=self._units(),
            moved=moved,
            households=self._households(),
            without_worker=self._without_worker(),
            plans_left=self._plans(),
            findings=Counter(f"{one.severity} {one.kind}" for one in (self._held.findings or {}).values()),
            area_before_m2=area_of([difference.before[key] for key in self._touched]),
            area_after_m2=area_of([difference.after[key] for key in (*difference.new, *difference.redrawn)]),
        )

    def _units(self) -> list[UnitChange]:
        areas = {(row.from_key, row.to_key): row.area_m2 for row in self._difference.shares}
        return [
            UnitChange(
                kind=line.kind,
                before=None if line.from_key is None else self._places_before(line.from_key),
                after=None if line.to_key is None else self._places[line.to_key],
                share=line.share,
                area_m2=areas.get((line.from_key or "", line.to_key or ""), 0.0),
            )
            for line in self._difference.lineage
        ]

    def _places_before(self, key: str) -> Place:
        return place_of(self._difference.before[key])

    def _sensors(self) -> tuple[list[Moved], dict[int, tuple[float, float]]]:
        difference = self._difference
        land = [difference.before[key].geometry for key in difference.touched_before]
        land += [difference.after[key].geometry for key in difference.touched_after]
        with self._connection.cursor() as cursor:
            here = standing_on(cursor, land)
        after = {self._numbers[key]: unit.geometry for key, unit in difference.after.items()}
        goes = dict(found_in(here, after))
        to = {sensor: goes.get(place) for place, sensor, _, _ in here}
        spots = {sensor: (lon, lat) for _, sensor, lon, lat in here}
        rows = self._rows("sensors_of", sensors=numbers(to))
        known = {self._numbers[key] for key in difference.before}
        moved = [
            Moved(
                kind="sensor",
                subject=str(row.sensor_id),
                name=row.label or row.name,
                detail=row.quantity,
                before=self._by_number.get(row.division_id),
                after=self._by_number.get(to[row.sensor_id] or 0),
                lon=spots[row.sensor_id][0],
                lat=spots[row.sensor_id][1],
            )
            for row in rows
            if row.division_id != to[row.sensor_id] and (row.division_id is None or row.division_id in known)
        ]
        return moved, spots

    def _alerts(self, sensors: Sequence[Moved], spots: Mapping[int, tuple[float, float]]) -> list[Moved]:
        goes = {int(one.subject): one.after for one in sensors}
        gone = {self._numbers[key]: self._heir(key) for key in self._difference.gone}
        found = []
        for row in self._rows("alerts_open", sensors=numbers(goes), ids=self._ids):
            here = row.grid_id if self._draft.level == "grid" else row.township_id
            if row.sensor_id not in goes and here not in gone:
                continue
            lon, lat = spots.get(row.sensor_id, (row.lon, row.lat))
            found.append(
                Moved(
                    kind="alert",
                    subject=str(row.id),
                    name=row.title or row.name,
                    detail=f"{row.level} {row.rule_id}",
                    before=self._by_number.get(here),
                    after=goes[row.sensor_id] if row.sensor_id in goes else gone[here],
                    lon=lon,
                    lat=lat,
                )
            )
        return found

    def _heir(self, key: str) -> Place | None:
        heirs = self._difference.heirs(key)
        return self._places[heirs[0].to_key] if heirs else None

    def _goes_to(self, number: int) -> list[Share]:
        """To whom what hangs on a unit goes: a gone one's heirs; of one that stays the parts that get it, too."""
        place = self._by_number[number]
        if place.key in self._difference.after:
            return self._difference.parts(place.key)
        return self._difference.heirs(place.key)

    def _runs(self) -> list[Moved]:
        gone = {self._numbers[key] for key in self._difference.gone}
        return [
            Moved(
                kind="run",
                subject=str(row.id),
                name=row.name,
                detail=f"{row.level}, {row.assignments}",
                before=self._by_number[row.division_id],
                after=self._places[share.to_key],
            )
            for row in self._rows("runs_open", ids=self._ids)
            if row.division_id in gone
            for share in self._goes_to(row.division_id)
        ]

    def _duty(self) -> list[Moved]:
        return [
            Moved(
                kind=row.kind,
                subject=str(row.person_id),
                name=row.post,
                detail="",
                before=self._by_number[row.division_id],
                after=self._places[share.to_key],
            )
            for row in self._rows("duty_of", ids=self._ids)
            for share in self._goes_to(row.division_id)
        ]

    def _counted(self) -> list[Moved]:
        """Residents and events, in numbers alone."""
        found = []
        for kind, query in (("resident", "residents_of"), ("event", "events_open")):
            for division, count in self._connection.execute(QUERIES[query], self._named(ids=self._ids)).fetchall():
                place = self._by_number[division]
                if place.key in self._difference.after:
                    continue
                heirs = self._goes_to(division)
                alone = len(heirs) == 1 or (kind == "event" and heirs)
                found.append(
                    Moved(
                        kind=kind,
                        subject="",
                        name="",
                        detail="",
                        before=place,
                        count=count,
                        after=self._places[heirs[0].to_key] if alone else None,
                    )
                )
        return found

    def _rights(self) -> list[Moved]:
        found = []
        for row in self._rows("rights_of", ids=self._ids):
            place = self._by_number[row.division_id]
            shares = self._goes_to(row.division_id)
            is_gone = place.key not in self._difference.after
            if row.kind == "token":
                followers: list[Place | None] = [None] if is_gone else []
            else:
                grows = row.kind in ("role", "suppression")
                followers = [
                    None if grows and share.of_to < WITHIN else self._places[share.to_key] for share in shares
                ] or [None] * is_gone
            found += [
                Moved(kind=row.kind, subject=row.subject, name="", detail="", before=place, after=after)
                for after in followers
            ]
        return found

    def _households(self) -> list[tuple[Place, Place, int]]:
        """A unit's households are taken to live evenly on its land."""
        found = []
        for share in self._difference.shares:
            households = self._difference.before[share.from_key].households
            if households and (many := round(households * share.of_from)):
                found.append((self._places_before(share.from_key), self._places[share.to_key], many))
        return found

    def _without_worker(self) -> list[Place]:
        """Units that change and for which, as posts would follow, no grid worker is on duty."""
        if self._draft.level != "grid":
            return []
        asked: dict[str, set[int]] = defaultdict(set)
        for key in self._touched:
            if key in self._difference.after:
                asked[key].add(self._numbers[key])
            for share in self._goes_to(self._numbers[key]):
                asked[share.to_key].add(self._numbers[key])
        keys = [*asked, *(key for key in self._difference.new if key not in asked)]
        parents = {key: self._difference.after[key].parent_id for key in keys}
        divisions = sorted({*parents.values(), *(one for numbers in asked.values() for one in numbers)})
        answers = on_duty_for(self._connection, [(one, WORKER) for one in divisions], self._at)
        manned = {division for division, answer in zip(divisions, answers, strict=True) if answer}
        return [self._places[key] for key in keys if manned.isdisjoint({parents[key], *asked.get(key, ())})]

    def _plans(self) -> list[Moved]:
        gone = [self._numbers[key] for key in self._difference.gone]
        return [
            Moved(
                kind="plan", subject=str(row.id), name=row.code, detail="", before=self._by_number[row.division_id],
                after=None,
            )
            for row in self._rows("plans_of", ids=gone)
        ]  # fmt: skip

    def _named(self, **more: object) -> dict[str, object]:
        return {"level": self._draft.level, "at": self._at, **more}

    def _rows(self, query: str, **more: object) -> list[Any]:
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(QUERIES[query], self._named(**more)).fetchall()
