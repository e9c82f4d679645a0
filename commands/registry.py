"""What has to be in a database before readings can be judged: schema, divisions, sensors, and who belongs where."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from config.database import Connection, connect
from config.errors import ConfigError
from config.migrate import migrate
from geo.defaults import DivisionsReport, import_defaults
from geo.divisions import lock_divisions
from geo.placement import announce_places, assign_sensors, unlocated
from ingest.errors import Refused
from ingest.place_history import Change, Stay, place_history, shown, stored_within, write_change, write_first
from ingest.scenario import Scenario
from ingest.sensor_files import SensorReport, import_sensors
from ingest.stored_sensors import stored_sensors


def prepare(database_url: str, scenario: Scenario, *, say: Callable[[str], None]) -> None:
    """Bring an empty or an older database to where the scenario can be replayed."""
    with connect(database_url, "prepare", autocommit=True) as connection:
        steps = migrate(connection)
        if steps:
            say(f"database schema at {steps[-1].version}")
        divisions = default_divisions(connection)
        if divisions.written:
            say("divisions imported: " + ", ".join(f"{count} {level}" for level, count in divisions.divisions.items()))
    report = register(database_url, scenario.folder / scenario.sensors)
    say(f"sensors: {report.added} added, {report.changed} known")


def default_divisions(connection: Connection) -> DivisionsReport:
    """The default data where there are no divisions yet, and in them the sensors that are known, in one transaction."""
    with connection.transaction():
        report = import_defaults(connection)
        if report.written:
            assign_sensors(connection)
        return report


def register(database_url: str, path: Path) -> SensorReport:
    """Import sensors and locate them, in one transaction; raises ConfigError with every faulty row."""
    with connect(database_url, "register") as connection:  # commits at the end of the block
        lock_divisions(connection.cursor())  # first of all: an import of boundaries takes it before any sensor
        report = import_sensors(connection, path)
        if report.errors:
            raise ConfigError("nothing was imported:\n" + "\n".join(report.errors))
        assign_sensors(connection)
        if changed := report.moved + report.replaced + report.retired + report.corrected:
            announce_places(connection, changed)
    return report


@dataclass(frozen=True, kw_only=True)
class PlaceReport:
    """What a change of a place did, and the history that the record has now."""

    sensor: str
    changed: bool  # False: the record said so already, or nothing was asked for
    readings: int  # stored ones of the time that the change is about
    history: list[Stay]
    unlocated: tuple[str, ...]  # why places of it are in no township

    def as_dict(self) -> dict[str, Any]:
        stays = [
            asdict(stay) | {"begins": stay.begins and shown(stay.begins), "ends": stay.ends and shown(stay.ends)}
            for stay in self.history
        ]
        return asdict(self) | {"history": stays}

    def lines(self) -> list[str]:
        """For people."""
        stays = [f"  {_since(stay):<25}  {stay.reason:<9}  {_where(stay)}  ({stay.source})" for stay in self.history]
        told = f"recorded; {self.readings} stored readings are of that time" if self.changed else "nothing was changed"
        return [f"{self.sensor}: {told}", *stays, *(f"  {reason}" for reason in self.unlocated)]


def _since(stay: Stay) -> str:
    return shown(stay.begins) if stay.begins else "always"


def _where(stay: Stay) -> str:
    return f"{stay.lon}, {stay.lat}" if stay.lon is not None else "nowhere" if stay.reason == "retired" else "unknown"


def change_place(database_url: str, sensor: str, change: Change | None) -> PlaceReport:
    """Write a change of a sensor's place and assign its divisions, in one transaction; None: only tell the history.

    Raises Refused for an unknown sensor and for what does not fit the history.
    """
    with connect(database_url, "sensor") as connection:  # commits at the end of the block
        if change:
            lock_divisions(connection.cursor())
        sensor_id = _sensor_id(connection, sensor)
        written = _write(connection, sensor_id, change) if change else None
        return PlaceReport(
            sensor=sensor,
            changed=written is not None,
            readings=stored_within(connection, sensor_id, written) if written else 0,
            history=place_history(connection, sensor_id),
            unlocated=tuple(each.reason() for each in unlocated(connection) if each.sensor == sensor),
        )


def _write(connection: Connection, sensor_id: int, change: Change) -> Stay | None:
    if not place_history(connection, sensor_id):
        write_first(connection, sensor_id, None, None, "")
    written = write_change(connection, sensor_id, place_history(connection, sensor_id), change)
    assign_sensors(connection)
    if written:
        announce_places(connection, 1)
    return written


def _sensor_id(connection: Connection, name: str) -> int:
    known = stored_sensors(connection)
    if name not in known:
        like = get_close_matches(name, known, n=3)
        hint = f"; is it {' or '.join(like)}?" if like else ": shijing import sensors FILE registers it"
        raise Refused("name", f"no sensor is called {name!r}{hint}")
    return known[name].id
