"""`shijing demo`: the whole system on one machine, with a recorded flood in place of devices.

The processes are the ones a district runs: pipeline and web on the folder's own database and
broker, and the replay as a client of the broker like any device. This process only starts
them, shows how far the replay is, and stops them.
"""

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from access.vault import Vault
from alerts.fence import told_clock
from commands.children import Child, ChildFailed, Lines, stop_all
from commands.demo_accounts import invitations
from commands.figures import demo_result
from commands.registry import prepare
from commands.servers import Place, broker, database
from config.access_settings import AccessSettings
from config.database import connect
from config.exercise import mark
from config.folder import DataFolder
from config.logs import BEIJING
from config.migrate import migrate
from config.settings import BrokerSettings, PipelineSettings, WebSettings
from ingest.scenario import Scenario, load_scenario
from people.demo import make_demo_people
from scene.defaults import import_default_things
from web.assets import check_assets
from web.listening import listening_socket

_SETTLE_S = 600.0


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the command line says."""

    data: Path | None  # folder of the logs, and of the embedded servers
    database: str | None = None  # None: the embedded one
    scenario: str
    speed: float | None  # None: as fast as it goes
    once: bool  # headless: to the end, then stop
    web: WebSettings
    mqtt_port: int = 0
    exercise: bool = False


def run_demo(options: DemoOptions, stop: threading.Event) -> dict[str, Any] | None:
    """Run until `stop`, or with `once` to the end of the scenario; returns that run's result."""
    scenario = load_scenario(options.scenario)
    console = Console(stderr=True, quiet=options.once, highlight=False)
    if not options.once:
        check_assets()
        listening_socket(options.web.host, options.web.port).close()
    folder = Place(data=options.data).folder()
    place = Place(database=options.database) if options.database else Place(data=folder.path)
    with database(place) as url, broker(Place(data=folder.path), port=options.mqtt_port) as mqtt:
        _mark(url, exercise=options.exercise)
        show = _Show(options, scenario, folder, url, mqtt, console)
        try:
            show.start()
            # They take a while to start, and hear of what is imported meanwhile.
            prepare(url, scenario, say=lambda text: console.print(f"[dim]{text}"))
            show.people()
            show.await_ready()
            show.introduce(mqtt)
            return show.run(stop)
        finally:
            stop_all(show.children)


def _mark(url: str, *, exercise: bool) -> None:
    """Before anything runs; raises ExerciseError where the database is of the other kind."""
    with connect(url, "demo", autocommit=True) as connection:
        migrate(connection)
        mark(connection, exercise=exercise)


def _key_file(folder: DataFolder) -> Path:
    """The key for a database that is named: that of the settings, or one in the folder, apart from the folder's own."""
    return AccessSettings().key_file or Vault.of_folder(folder.path, "key-of-named-database").path


class _Show:
    """One run of the demo: its processes, and how far it is."""

    def __init__(
        self,
        options: DemoOptions,
        scenario: Scenario,
        folder: DataFolder,
        url: str,
        mqtt: BrokerSettings,
        console: Console,
    ) -> None:
        self._options = options
        self._scenario = scenario
        self._folder = folder
        self._url = url
        # Embedded servers are held up by each process that uses them; others are named to it, and
        # not on its command line, where every user of the machine could read a password.
        self._where = [] if options.database else ["--data", str(folder.path)]
        self._drill = ["--exercise"] if options.exercise else []
        self._named = {
            "SHIJING_DATABASE_URL": url,
            "SHIJING_MQTT_HOST": mqtt.host,
            "SHIJING_MQTT_PORT": str(mqtt.port),
            "SHIJING_MQTT_EXERCISES": "true",  # it is the demo's own
            "SHIJING_ACCESS_KEY_FILE": str(_key_file(folder)) if options.database else "",
            **dict.fromkeys(("SHIJING_MQTT_USERNAME", "SHIJING_MQTT_PASSWORD", "SHIJING_MQTT_TLS_CA"), ""),
        }
        self._console = console
        self._servers: list[Child] = []
        self.children: list[Child] = []
        self._published = 0

    def start(self) -> None:
        """Start pipeline, dispatcher and web server."""
        self._servers.append(self._child("pipeline", "pipeline", "--clock", "mqtt"))
        self._servers.append(self._child("dispatcher", "dispatcher"))
        if not self._options.once:
            web = self._options.web
            self._servers.append(self._child("web", "serve", "--host", web.host, "--port", str(web.port)))

    def people(self) -> None:
        """Invented people for the townships of the scenario, once."""
        vault = Vault(_key_file(self._folder)) if self._options.database else Vault.of_folder(self._folder.path)
        with connect(self._url, "demo", autocommit=True) as connection:
            made = make_demo_people(connection, vault, begin=self._scenario.start, end=self._scenario.end)
            things = sum(one.rows for one in import_default_things(connection, now=datetime.now(UTC)))
        if made:
            self._console.print(f"[dim]people: {made} invented ones, with posts and a roster")
        self._console.print(f"[dim]facilities: {things}")

    def await_ready(self) -> None:
        """Wait until all of them are."""
        for server in self._servers:
            server.await_ready()

    def _child(self, name: str, *arguments: str) -> Child:
        child = Child(
            name=name,
            arguments=[*arguments, *self._where, *self._drill],
            log_file=self._folder / "logs" / f"{name}.log",
            environment=self._named if self._options.database else {},
        )
        child.start()
        self.children.append(child)
        return child

    def introduce(self, mqtt: BrokerSettings) -> None:
        """Say where everything is."""
        web = self._options.web
        address = f"http://{web.host}:{web.port}"
        self._console.print(f"\n  [bold]实景 live map[/]   [bold cyan]{address}/[/]")
        self._invite(address)
        self._console.print(f"  MQTT broker     {mqtt.host}:{mqtt.port}")
        self._console.print(f"  data and logs   {self._folder.path}")
        self._console.print("  Ctrl-C stops everything; the next start goes on from here\n")

    def _invite(self, address: str) -> None:
        """Everybody signs in; here a link for each role does it, once. `shijing user link` makes another."""
        if self._options.once:
            return
        self._console.print("  sign in by a link and the button on its page, each once:")
        for one in invitations(self._url):
            who = f"{one.role.zh} {one.role.en}{f' ({one.place})' if one.place else ''}"
            self._console.print(f"    {who}\n      [cyan]{address}{one.path}[/]", soft_wrap=True)

    def run(self, stop: threading.Event) -> dict[str, Any] | None:
        """Replay to the end; then stay live, or with `once` return the result."""
        resume = self._clock()
        if resume is None or resume < self._scenario.end:
            self._replay(resume, stop)
        else:
            self._console.print("This folder holds the whole scenario already; another --data DIR replays it.")
        if self._options.once:
            self._settle(stop)
            return None if stop.is_set() else self._result()
        while not stop.wait(0.5):
            self._keep_alive()
        return None

    def _replay(self, resume: datetime | None, stop: threading.Event) -> None:
        speed = "max" if self._options.speed is None else str(self._options.speed)
        begin = [] if resume is None else ["--from", resume.isoformat()]
        replay = self._child("replay", "replay", self._options.scenario, "--speed", speed, "--progress", *begin)
        self._follow(Lines(replay.output), stop)
        if stop.is_set():
            return
        if replay.await_end():
            raise ChildFailed(f"the replay failed; see {replay.log_file}")
        self._console.print("The replay is at its end; the map stays live.")

    def _follow(self, lines: Lines, stop: threading.Event) -> None:
        """Show the replay's progress until it ends."""
        span = (self._scenario.end - self._scenario.start).total_seconds()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(None),
            TextColumn("{task.percentage:>3.0f} %"),
        )
        with Progress(*columns, console=self._console) as bar:
            task = bar.add_task(self._scenario.title_zh, total=span)
            while not stop.is_set():
                self._keep_alive()
                line = lines.take(0.2)
                if line == "":
                    return
                if line:
                    told = json.loads(line)
                    self._published = told["published"]
                    now = datetime.fromisoformat(told["clock"])
                    text = (
                        f"{self._scenario.title_zh}  {now.astimezone(BEIJING):%m-%d %H:%M}  {self._published} readings"
                    )
                    bar.update(task, completed=(now - self._scenario.start).total_seconds(), description=text)

    def _keep_alive(self) -> None:
        for server in self._servers:
            server.keep_alive()

    def _settle(self, stop: threading.Event) -> None:
        """The clock comes in order with the readings: once its end is committed, so are they."""
        deadline = time.monotonic() + _SETTLE_S
        while not stop.wait(0.05):
            told = self._clock()
            if told is not None and told >= self._scenario.end:
                return
            self._keep_alive()
            if time.monotonic() > deadline:
                raise ChildFailed(f"the pipeline is at {told} and comes no further: see {self._folder / 'logs'}")

    def _clock(self) -> datetime | None:
        with connect(self._url, "demo", autocommit=True) as connection:
            return told_clock(connection, PipelineSettings().partition)

    def _result(self) -> dict[str, Any]:
        with connect(self._url, "demo", autocommit=True) as connection:
            return demo_result(connection, self._published)
