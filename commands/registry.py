"""What has to be in a database before readings can be judged: schema, divisions, sensors, and who belongs where."""

from collections.abc import Callable
from pathlib import Path

from config.database import Connection, connect
from config.errors import ConfigError
from config.migrate import migrate
from geo.defaults import DivisionsReport, import_defaults
from geo.placement import assign_sensors
from ingest.scenario import Scenario
from ingest.sensor_files import SensorReport, import_sensors


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
        report = import_sensors(connection, path)
        if report.errors:
            raise ConfigError("nothing was imported:\n" + "\n".join(report.errors))
        assign_sensors(connection)
    return report
