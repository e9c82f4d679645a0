"""`shijing bench`: measure on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, tell

bench_app = typer.Typer(help="Measure on this machine; each prints its conditions.", no_args_is_help=True)


@bench_app.command()
def chain(
    readings: Annotated[int, typer.Option(help="In packs, for rate and memory.", min=100_000)] = 2_000_000,
    as_json: Json = False,
) -> None:
    """Publisher, broker, pipeline and database together, beside the naive chain."""
    from benchmarks.chain import lines, run

    result = run(readings=readings)
    tell(result, as_json, lines(result))


@bench_app.command()
def locate(
    points: Annotated[int, typer.Option(help="How many points.", min=1000)] = 2_000_000, as_json: Json = False
) -> None:
    """Locating points in townships, beside geopandas.sjoin."""
    from benchmarks.locate import run

    result = run(points=points)
    tell(result, as_json, [f"{name}: {value}" for name, value in result.items()])


@bench_app.command()
def rules_on_data(as_json: Json = False) -> None:
    """Rules on recorded series from the world: hits, misses, false alarms and lead time (docs/backtest.md)."""
    from benchmarks.real_data import lines, run

    result = run()
    tell(result, as_json, lines(result))


@bench_app.command()
def incidents(
    alerts: Annotated[int, typer.Option(help="In one minute.", min=500)] = 5000, as_json: Json = False
) -> None:
    """Grouping a storm of alerts into incidents, in batches of several sizes."""
    from benchmarks.incidents import lines, run

    result = run(alerts)
    tell(result, as_json, lines(result))


@bench_app.command()
def rules(
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


@bench_app.command()
def storm(
    alerts: Annotated[int, typer.Option(help="In one batch.", min=100)] = 5000,
    server: Annotated[str, typer.Option(help="A server's URL, to make a database on; none: an embedded one.")] = "",
    as_json: Json = False,
) -> None:
    """Alerts of thousands of sensors in one batch: rising, clearing, rising again."""
    from benchmarks.storm import lines, run

    result = run(alerts, server)
    tell(result, as_json, lines(result))


@bench_app.command()
def duty(
    people: Annotated[int, typer.Option(help="How many.", min=1000)] = 100_000,
    grids: Annotated[int, typer.Option(help="How many.", min=100)] = 62_000,
    as_json: Json = False,
) -> None:
    """Who is on duty for a grid, among a city's people."""
    from benchmarks.rights_people import lines, run

    result = run(people, grids)
    tell(result, as_json, lines(result))


@bench_app.command()
def roster(
    rows: Annotated[int, typer.Option(help="Of the file.", min=100)] = 63_000,
    people: Annotated[int, typer.Option(help="How many there are.", min=1000)] = 100_000,
    grids: Annotated[int, typer.Option(help="How many there are.", min=100)] = 62_000,
    as_json: Json = False,
) -> None:
    """A city's roster from Excel and CSV: preview, import, and the same file again."""
    from benchmarks.rights_roster import lines, run

    result = run(rows, people, grids)
    tell(result, as_json, lines(result))


@bench_app.command()
def scope(as_json: Json = False) -> None:
    """What session and scope add to a request, in a city of 100,000 sensors and 62,000 grids."""
    from benchmarks.rights_scope import lines, run

    result = run()
    tell(result, as_json, lines(result))


@bench_app.command()
def plans(
    plans: Annotated[int, typer.Option(help="How many, among all townships.", min=10)] = 7800, as_json: Json = False
) -> None:
    """A city's plans: loading them, matching them, and what they add to a batch."""
    from benchmarks.plans import lines, run

    result = run(plans)
    tell(result, as_json, lines(result))


@bench_app.command()
def rights(as_json: Json = False) -> None:
    """Who is on duty, what the scope of a request costs, and a city's roster: 100,000 people, 62,000 grids."""
    from benchmarks.rights import lines, run

    result = run()
    tell(result, as_json, lines(result))


@bench_app.command()
def phones(
    count: Annotated[int, typer.Option("--phones", help="Connected at once.", min=10)] = 2000,
    storm_s: Annotated[float, typer.Option(help="Over how long their answers come, s.", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Phones connected at once, one red alert to all, and the storm of answers."""
    from benchmarks.phones import lines, run

    result = run(count, storm_s)
    tell(result, as_json, lines(result))


@bench_app.command()
def boundaries(
    only: Annotated[list[str] | None, typer.Option(help="city, edit, impact or view; all of them if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Boundaries: locating, an edit's round trip, generation and check of all grids, impact, the first view."""
    from benchmarks.boundaries import PARTS, lines, run

    if strange := set(only or ()) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(sorted(strange))}: take {', '.join(PARTS)}")
    result = run(only or ())
    tell(result, as_json, lines(result))


@bench_app.command()
def publish(
    publications: Annotated[int, typer.Option(help="How often the district's grids are replaced.", min=1)] = 20,
    rate: Annotated[int, typer.Option(help="Readings per second meanwhile.", min=100)] = 5000,
    as_json: Json = False,
) -> None:
    """Boundaries of a district published again and again while readings flow; everything is counted afterwards."""
    from benchmarks.publish import lines, run

    result = run(publications=publications, rate=rate)
    tell(result, as_json, lines(result))


@bench_app.command()
def soak(
    minutes: Annotated[float, typer.Option(help="How long the screen is watched.", min=0.5)] = 20,
    rate: Annotated[int, typer.Option(help="Readings per second meanwhile.", min=20)] = 500,
    as_json: Json = False,
) -> None:
    """A screen left alone while readings and alerts come: whether the memory of its page grows."""
    from benchmarks.soak import lines, run

    result = run(minutes=minutes, rate=rate)
    tell(result, as_json, lines(result))


@bench_app.command()
def tiles(
    grids: Annotated[int, typer.Option(help="How many.", min=1000)] = 62_000,
    tiles: Annotated[int, typer.Option(help="How many of each zoom.", min=10)] = 120,
    as_json: Json = False,
) -> None:
    """Vector tiles of a city of grids: the first time each is asked for, and again."""
    from benchmarks.tiles import lines, run

    result = run(grids, tiles)
    tell(result, as_json, lines(result))


@bench_app.command()
def screen(
    sensors: Annotated[int, typer.Option(help="How many.", min=2000)] = 100_000,
    rate: Annotated[int, typer.Option(help="Readings per second.", min=20)] = 5000,
    screens: Annotated[int, typer.Option(help="One of them is a Chromium.", min=2)] = 50,
    seconds: Annotated[float, typer.Option(help="For how long labels are watched.", min=1)] = 180,
    per_day: Annotated[int, typer.Option(help="Readings per sensor and day of the week that is sought in.", min=1)] = 4,
    as_json: Json = False,
) -> None:
    """From a reading's PUBLISH to the pixel: one Chromium and many streams, first view, level change, pan and seek."""
    from benchmarks.screen import lines, run

    result = run(sensors=sensors, rate=rate, screens=screens, seconds=seconds, per_day=per_day)
    tell(result, as_json, lines(result))


@bench_app.command()
def tallies(
    rounds: Annotated[int, typer.Option(help="Requests of each kind.", min=10)] = 40, as_json: Json = False
) -> None:
    """Counts by division and search of a city of 100,000 sensors, over HTTP (docs/tallies.md)."""
    from benchmarks.tallies import lines, run

    result = run(rounds)
    tell(result, as_json, lines(result))
