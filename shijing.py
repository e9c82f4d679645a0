"""The command line: parse, handle signals, call the runtime."""

import logging
import sys
import threading
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psycopg
import pydantic
import typer

from commands.alerts import alert_app
from commands.audit import audit_app
from commands.backtest import backtest
from commands.incidents import incident_app
from commands.options import Data, Database, Exercise, Json, is_drill, place_of, tell
from commands.out import alerts_out
from commands.rules import rules_app
from commands.sensor import sensor_app
from commands.warnings import warning_app
from config.database import Connection
from config.errors import ShijingError
from config.logs import set_up_logging

app = typer.Typer(
    name="shijing",
    help="A live real-scene map and alerting system for grassroots governance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
import_app = typer.Typer(help="Bring divisions or sensors into the database.", no_args_is_help=True)
quarantine_app = typer.Typer(help="What was refused: look at it, put it through again.", no_args_is_help=True)
bench_app = typer.Typer(help="Measure on this machine; each prints its conditions.", no_args_is_help=True)
app.add_typer(import_app, name="import")
app.add_typer(sensor_app, name="sensor")
app.add_typer(rules_app, name="rules")
app.add_typer(alert_app, name="alert")
app.add_typer(incident_app, name="incident")
app.add_typer(warning_app, name="warning")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(audit_app, name="audit")
app.add_typer(bench_app, name="bench")
app.command("alerts-out")(alerts_out)
app.command("backtest")(backtest)

Lifeline = Annotated[bool, typer.Option("--lifeline", hidden=True, help="Stop when standard input ends.")]


class ClockSource(StrEnum):
    """Whose time the pipeline goes by."""

    SYSTEM = "system"
    MQTT = "mqtt"


def _stop(lifeline: bool) -> threading.Event:
    from commands.stopping import hold_lifeline, stop_on_signals

    if lifeline:
        hold_lifeline()
    return stop_on_signals()


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e9:
        raise typer.BadParameter(f"{text!r} is no speed: give a number above 0 (3600 = an hour a second), or max")
    return speed


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2020-08-14T01:00:00+08:00") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset: add +08:00")
    return moment


@app.command()
def demo(
    scenario: Annotated[str, typer.Option(help="Which recorded event to replay.")] = "flood-2020-08",
    speed: Annotated[str, typer.Option(help="Times real time, or max.")] = "3600",
    once: Annotated[bool, typer.Option("--once", help="No web server: to the end of the scenario, then stop.")] = False,
    port: Annotated[int, typer.Option(help="Of the live map.", min=1, max=65535)] = 8800,
    mqtt_port: Annotated[int, typer.Option(help="Of the embedded broker; 0 finds a free one.", min=0, max=65535)] = 0,
    exercise: Exercise = False,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show a recorded flood on a live map: database, broker, pipeline, web server and replay on this machine."""
    from commands.demo import DemoOptions, run_demo
    from config.settings import WebSettings

    options = DemoOptions(
        data=data,
        database=database,
        scenario=scenario,
        speed=_speed(speed),
        once=once,
        web=WebSettings(port=port),
        mqtt_port=mqtt_port,
        exercise=is_drill(exercise),
    )
    result = run_demo(options, _stop(lifeline=False))
    if result is not None:
        readings = result["readings"]
        lines = [f"{one['time']}  {one['sensor']:<12} {one['from']:>6} → {one['to']}" for one in result["transitions"]]
        tell(result, as_json, [*lines, ", ".join(f"{count} {name}" for name, count in readings.items())])


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default SHIJING_WEB_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default SHIJING_WEB_PORT.", min=0, max=65535)] = None,
    exercise: Exercise = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Serve the pages."""
    from commands.drills import agree_before_serving
    from commands.servers import broker as broker_of
    from commands.servers import database as database_of
    from commands.stopping import hold_lifeline
    from config.settings import WebSettings
    from web.serve import serve as serve_pages

    if lifeline:
        hold_lifeline()
    place, settings = place_of(database, data), WebSettings()
    settings = settings.model_copy(
        update={"host": host or settings.host, "port": settings.port if port is None else port}
    )
    drill = is_drill(exercise)
    with database_of(place) as url, broker_of(place) as broker:
        agree_before_serving(url, exercise=drill)
        serve_pages(settings, url, broker, lambda url: typer.echo(f"ready {url}"), exercise=drill)


@app.command()
def pipeline(
    clock: Annotated[ClockSource, typer.Option(help="The machine's time, or one told over MQTT (a replay).")] = (
        ClockSource.SYSTEM
    ),
    exercise: Exercise = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Receive, store and judge readings."""
    from commands.pipeline import run_pipeline
    from commands.servers import broker as broker_of
    from commands.servers import database as database_of
    from config.settings import PipelineSettings

    stop = _stop(lifeline)
    place = place_of(database, data)
    with database_of(place) as url, broker_of(place) as broker:
        run_pipeline(
            url,
            broker,
            PipelineSettings(),
            follow_clock=clock is ClockSource.MQTT,
            stop=stop,
            ready=lambda: typer.echo("ready"),
            exercise=is_drill(exercise),
        )


@app.command()
def migrate(database: Database = None, data: Data = None) -> None:
    """Bring the database schema to this version."""
    from commands.servers import database as database_of
    from config.database import connect
    from config.migrate import migrate as bring_up

    with database_of(place_of(database, data)) as url, connect(url, "migrate", autocommit=True) as connection:
        steps = bring_up(connection)
    typer.echo("\n".join(step.path.name for step in steps) or "the schema is up to date")


@app.command()
def replay(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or the path of its folder.")],
    speed: Annotated[str, typer.Option(help="Times real time, or max.")] = "max",
    begin: Annotated[str | None, typer.Option("--from", help="Go on here: ISO 8601 with an offset.")] = None,
    progress: Annotated[bool, typer.Option("--progress", hidden=True, help="One JSON line a step.")] = False,
    exercise: Exercise = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Publish a recorded event over MQTT as its devices would; start the pipeline with --clock mqtt first."""
    from commands.drills import agree_before_replay
    from commands.replay import run_replay
    from commands.servers import broker as broker_of

    stop, place = _stop(lifeline), place_of(database, data)
    agree_before_replay(place, exercise=is_drill(exercise))
    with broker_of(place) as broker:
        last = run_replay(scenario, broker, speed=_speed(speed), resume=_moment(begin), stop=stop, steps=progress)
    if not progress:
        tell(last, as_json, [f"{last['published']} readings published"])


@app.command()
def status(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """What is stored, what was refused and why, who holds the pipeline, which alerts are open."""
    from commands import figures
    from commands.servers import database as database_of
    from config.database import connect

    with database_of(place_of(database, data)) as url, connect(url, "status", autocommit=True) as connection:
        told = figures.status(connection)
    tell(told, as_json, figures.lines(told))


@app.command()
def ledger(
    begin: Annotated[str | None, typer.Option("--from", help="Event time, ISO 8601 with an offset; none: all.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to, not including, then; none: now.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also judge the stored readings once more.")] = False,
    accept: Annotated[str | None, typer.Option(help="Write off, with this reason, what does not add up.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Reconcile what came, was stored, judged and raised; exit status 2 where it does not add up."""
    from commands.ledger import lines, reconcile
    from commands.servers import database as database_of

    if accept == "":
        raise typer.BadParameter("--accept needs a reason: who looked into it, and what was found")
    with database_of(place_of(database, data)) as url:
        found = reconcile(url, _moment(begin), _moment(end), deep=deep, note=accept)
    tell(found.as_dict(), as_json, lines(found))
    raise typer.Exit(0 if found.balanced else 2)


@app.command()
def watch(
    once: Annotated[bool, typer.Option("--once", help="Look once; exit status 2 where something is amiss.")] = False,
    no_database: Annotated[bool, typer.Option("--no-database", help="Listen to MQTT alone.")] = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Notice when a pipeline's heartbeat stays away, and say so; run it apart from the pipeline."""
    from commands.watch import run_watch

    failed = run_watch(place_of(database, data), with_database=not no_database, stop=None if once else _stop(lifeline))
    if once:
        typer.echo("\n".join(failed) or "alive")
        raise typer.Exit(2 if failed else 0)


@import_app.command("divisions")
def import_divisions(
    file: Annotated[
        Path | None, typer.Argument(help="Shapefile, GeoPackage or GeoJSON; none: the default data.")
    ] = None,
    level: Annotated[str, typer.Option(help="district, township, village or grid.")] = "township",
    crs: Annotated[str | None, typer.Option(help="EPSG:…, GCJ-02 or BD-09 where the file does not say.")] = None,
    name_field: Annotated[str | None, typer.Option(help="Column of the names.")] = None,
    district_field: Annotated[str | None, typer.Option(help="Column of the districts' names.")] = None,
    code_field: Annotated[str | None, typer.Option(help="Column of the codes.")] = None,
    parent_field: Annotated[str | None, typer.Option(help="Column of the townships' codes or names (grids).")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the attribute table, such as GBK.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="Since when it holds, ISO 8601 with an offset; none: always.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Write what is sound although some of it is not.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put FILE in force; without it only the report.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Replace a layer of boundaries; reports what matches and what does not before anything is written."""
    from commands.divisions import Report, run_import
    from commands.registry import default_divisions
    from commands.servers import database as database_of
    from geo.importer import import_layer

    since = _moment(valid_from)

    def layer(connection: Connection) -> Report:
        if file is None:
            return default_divisions(connection)
        return import_layer(
            connection,
            file,
            level=level,
            write=write,
            crs=crs,
            encoding=encoding,
            name_field=name_field,
            district_field=district_field,
            code_field=code_field,
            parent_field=parent_field,
            valid_from=since,
            partial=partial,
        )

    with database_of(place_of(database, data)) as url:
        report = run_import(url, layer)
    tell(report.as_dict(), as_json, report.lines())


@import_app.command("sensors")
def import_sensors(
    file: Annotated[Path, typer.Argument(help="CSV with name, device, quantity and more; see docs/operations.md.")],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Add or change sensors; with one faulty row nothing is written."""
    from dataclasses import asdict

    from commands.registry import register
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url:
        report = register(url, file)
    tell(asdict(report), as_json, report.lines())


@quarantine_app.command("list")
def quarantine_list(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest readings and messages that were refused, with how to mend each."""
    from commands.quarantine import held
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url:
        rows = held(url, reason=reason, most=most)
    tell(
        {"held": rows},
        as_json,
        [f"{row['id']:>6}  {row['reason']:<16} ×{row['count']}  {row['detail']}" for row in rows],
    )


@quarantine_app.command("release")
def quarantine_release(
    ids: Annotated[list[int] | None, typer.Argument(help="Which ones; none: all of the reason.")] = None,
    reason: Annotated[str | None, typer.Option(help="All of this reason.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Put refused readings through the pipeline again, once their cause is mended."""
    from commands.quarantine import release
    from commands.servers import database as database_of

    if not ids and not reason:
        raise typer.BadParameter("name the ids, or a --reason")
    with database_of(place_of(database, data)) as url:
        requested = release(url, reason=reason, ids=ids or None)
    tell({"requested": requested}, as_json, [f"{requested} readings will be put through by the pipeline"])


@bench_app.command("chain")
def bench_chain(
    readings: Annotated[int, typer.Option(help="In packs, for rate and memory.", min=100_000)] = 2_000_000,
    as_json: Json = False,
) -> None:
    """Publisher, broker, pipeline and database together, beside the naive chain."""
    from benchmarks.chain import lines, run

    result = run(readings=readings)
    tell(result, as_json, lines(result))


@bench_app.command("locate")
def bench_locate(
    points: Annotated[int, typer.Option(help="How many points.", min=1000)] = 2_000_000, as_json: Json = False
) -> None:
    """Locating points in townships, beside geopandas.sjoin."""
    from benchmarks.locate import run

    result = run(points=points)
    tell(result, as_json, [f"{name}: {value}" for name, value in result.items()])


@bench_app.command("rules-on-data")
def bench_rules_on_data(as_json: Json = False) -> None:
    """Rules on recorded series from the world: hits, misses, false alarms and lead time (docs/backtest.md)."""
    from benchmarks.real_data import lines, run

    result = run()
    tell(result, as_json, lines(result))


@bench_app.command("incidents")
def bench_incidents(
    alerts: Annotated[int, typer.Option(help="In one minute.", min=500)] = 5000, as_json: Json = False
) -> None:
    """Grouping a storm of alerts into incidents, in batches of several sizes."""
    from benchmarks.incidents import lines, run

    result = run(alerts)
    tell(result, as_json, lines(result))


@bench_app.command("rules")
def bench_rules(
    readings: Annotated[int, typer.Option(help="In packs, at full speed.", min=500_000)] = 2_000_000,
    peer_folder: Annotated[
        Path | None,
        typer.Option(help="Where Debian's prometheus and prometheus-alertmanager were unpacked; none: PATH."),
    ] = None,
    as_json: Json = False,
) -> None:
    """100,000 sensors under all shipped rules, beside the same thresholds in Prometheus with Alertmanager."""
    from benchmarks.rules import lines, run

    result = run(readings=readings, peer_folder=peer_folder)
    tell(result, as_json, lines(result))


def _variable(settings: str, place: tuple[int | str, ...]) -> str:
    """The environment variable that a setting is read from (`BrokerSettings`, `port` → SHIJING_MQTT_PORT)."""
    from config import settings as all_settings

    prefix = getattr(all_settings, settings).model_config["env_prefix"]
    return f"{prefix}{'_'.join(str(part) for part in place[:1]).upper()}".rstrip("_")


def main() -> None:
    """Run a command; what a person can mend is said in a sentence, without a traceback."""
    from alerts.errors import Fenced

    set_up_logging()
    try:
        app()
    except Fenced as error:
        logging.getLogger("shijing").error("%s", error)
        sys.exit(3)
    except ShijingError as error:
        typer.secho(f"shijing: {error}", fg="red", err=True)
        sys.exit(1)
    except pydantic.ValidationError as error:
        wrong = "; ".join(
            f"{_variable(error.title, one['loc'])}: {one['msg']}" for one in error.errors(include_input=False)
        )
        typer.secho(f"shijing: a setting is wrong: {wrong}", fg="red", err=True)
        sys.exit(1)
    except psycopg.errors.UndefinedTable as error:
        typer.secho(
            f"shijing: the database has no schema yet ({error.diag.message_primary}): run shijing migrate", err=True
        )
        sys.exit(1)
    except psycopg.OperationalError as error:
        typer.secho(f"shijing: the database cannot be used: {str(error).strip()}", fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
