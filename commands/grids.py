"""`shijing grids`: a first grid network, proposed."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands.servers import Place
    from config.generation_settings import GenerationSettings
    from geo.generate_report import GenerationReport
    from geo.generate_run import Wanted, Watch

grid_app = typer.Typer(help="Grids: a first network of them, proposed.", no_args_is_help=True)


@grid_app.callback()
def _grids() -> None:
    """So that `generate` stays a command of its own name."""


@grid_app.command()
def generate(
    township: Annotated[str | None, typer.Option(help="One township, by code or name.")] = None,
    district: Annotated[str | None, typer.Option(help="All townships of a district, by name.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All townships that have a polygon.")] = False,
    seed: Annotated[int, typer.Option(help="Another one gives another network.", min=0, max=2**31)] = 1,
    target: Annotated[
        int | None, typer.Option(help="Households of a grid; bounds in proportion.", min=1, max=100_000)
    ] = None,
    count: Annotated[
        int | None, typer.Option("--grids", help="Instead: how many grids the whole city is to have.", min=1)
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="Where households live: CSV (lon, lat, households) or a layer.")
    ] = None,
    lines: Annotated[Path | None, typer.Option(help="A layer of lines that borders are to follow.")] = None,
    crs: Annotated[str | None, typer.Option(help="Of both files: EPSG:…, GCJ-02 or BD-09.")] = None,
    share_by: Annotated[
        str, typer.Option(help="A district's households go to townships by committees (居委会, 村委会) or by area.")
    ] = "committees",
    again: Annotated[
        bool, typer.Option("--again", help="Also where grids are in force, or a proposal was adopted.")
    ] = False,
    processes: Annotated[int | None, typer.Option(help="Default: one for each core.", min=1, max=64)] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report here: .json, or text.")] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Propose grids for townships: contiguous, compact, along roads and rivers, each for about as many households.

    Nothing of it is in force until a planner adopts it. What is there already from the same input is not made again,
    so that a run that was interrupted goes on.
    """
    import os

    from config.generation_settings import GenerationSettings
    from geo.generate_run import Wanted
    from geo.point_file import read_lines, read_points

    _check_which(township, district, every)
    if target is not None and count is not None:
        raise typer.BadParameter("give --target or --grids, not both")
    settings = GenerationSettings() if target is None else GenerationSettings().with_target(target)
    wanted = Wanted(
        township=township,
        district=district,
        again=again,
        seed=seed,
        grids=count,
        by=_by(share_by),
        points=read_points(points, crs=crs) if points else None,
        lines=read_lines(lines, crs=crs) if lines else None,
        processes=processes or os.cpu_count() or 1,
    )
    _check_report(report)
    made = _run(wanted, settings, place_of(database, data), quiet=as_json)
    if report is not None:
        _write(report, made)
    tell(made.as_dict(), as_json, made.lines())
    if made.stopped:
        raise typer.Exit(130)
    if made.refused and not made.made and not made.there:
        raise typer.Exit(1)


def _check_which(township: str | None, district: str | None, every: bool) -> None:
    if every and (township or district):
        raise typer.BadParameter("give --all, or a township or district")
    if not (every or township or district):
        raise typer.BadParameter("which townships? Give --township, --district or --all")


def _by(text: str) -> Literal["committees", "area"]:
    if text not in ("committees", "area"):
        raise typer.BadParameter(f"--share-by is committees or area, and not {text!r}")
    return "area" if text == "area" else "committees"


def _check_report(path: Path | None) -> None:
    """Before an hour's work, not after it."""
    if path is not None and not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"{path.absolute().parent} is no folder: the report cannot be written there")


def _run(wanted: "Wanted", settings: "GenerationSettings", place: "Place", *, quiet: bool) -> "GenerationReport":
    from datetime import UTC, datetime

    from commands.servers import database as database_of
    from commands.stopping import stop_on_signals
    from config.database import connect
    from config.migrate import migrate
    from geo.generate_run import run

    stop = stop_on_signals()
    with database_of(place) as url, connect(url, "grids", autocommit=True) as connection, _bar(quiet) as watch:
        watch.stopped = stop.is_set
        migrate(connection)
        return run(connection, wanted, settings, now=datetime.now(UTC), watch=watch)


@contextmanager
def _bar(quiet: bool) -> "Iterator[Watch]":
    """How far it is, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from geo.generate_run import Watch

    console = Console(stderr=True, quiet=quiet)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[grids]:,} grids"))
    with Progress(*columns, TextColumn("{task.description}"), console=console, transient=True) as progress:
        bar = progress.add_task("", total=None, grids=0)

        def made(name: str, grids: int) -> None:
            progress.update(bar, advance=1, description=name, grids=progress.tasks[0].fields["grids"] + grids)

        yield Watch(begins=lambda count: progress.update(bar, total=count), made=made)


def _write(path: Path, report: "GenerationReport") -> None:
    import json

    text = (
        json.dumps(report.as_dict(), ensure_ascii=False, indent=1, default=str)
        if path.suffix.lower() == ".json"
        else "\n".join(report.lines(each=True))
    )
    path.write_text(text + "\n", encoding="utf-8")
