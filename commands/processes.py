"""`shijing demo`, `serve`, `pipeline`, `replay`, `watch`: what runs until it is told to stop."""

import threading
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from commands.options import Data, Database, Exercise, Json, is_drill, moment_of, place_of, tell

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


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default SHIJING_WEB_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default SHIJING_WEB_PORT.", min=0, max=65535)] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="With the certificate of shijing tls; or SHIJING_WEB_TLS.")
    ] = False,
    exercise: Exercise = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Serve the pages."""
    from commands.drills import agree_before_serving
    from commands.keeping import seal_at_start
    from commands.servers import broker as broker_of
    from commands.servers import database as database_of
    from commands.servers import vault_if_named
    from commands.stopping import hold_lifeline
    from config.settings import WebSettings
    from web.serve import serve as serve_pages

    if lifeline:
        hold_lifeline()
    given = {"host": host, "port": port, "tls": tls or None}
    place = place_of(database, data)
    settings = WebSettings.model_validate({name: value for name, value in given.items() if value is not None})
    drill = is_drill(exercise)
    with database_of(place) as url, broker_of(place) as broker:
        agree_before_serving(url, exercise=drill)
        vault = vault_if_named(place)
        seal_at_start(url, vault, now=datetime.now(UTC))
        serve_pages(settings, url, broker, lambda url: typer.echo(f"ready {url}"), exercise=drill, vault=vault)


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
    from commands.servers import vault_if_named
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
            vault=vault_if_named(place),
        )


def dispatcher(
    exercise: Exercise = False,
    database: Database = None,
    data: Data = None,
    lifeline: Lifeline = False,
) -> None:
    """Call people for the tasks of running plans, and the next ones where nobody answers."""
    from commands.dispatcher import run
    from commands.servers import database as database_of

    stop = _stop(lifeline)
    place = place_of(database, data)
    with database_of(place) as url:
        run(
            place,
            url,
            stop=stop,
            ready=lambda: typer.echo("ready"),
            exercise=is_drill(exercise),
        )


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
        last = run_replay(scenario, broker, speed=_speed(speed), resume=moment_of(begin), stop=stop, steps=progress)
    if not progress:
        tell(last, as_json, [f"{last['published']} readings published"])


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
