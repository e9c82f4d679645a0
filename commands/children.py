"""Processes of ours that one process starts, watches and stops."""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.errors import ShijingError
from config.settings import PROJECT, inherited

log = logging.getLogger(__name__)

_READY_S = 60.0
_STOP_S = 15.0
_RESTARTS = 5
FENCED_STATUS = 3


class ChildFailed(ShijingError):
    """A process that should go on ended by itself."""


@dataclass(kw_only=True)
class Child:
    """One process; its standard input is the lifeline that ends it if its parent vanishes."""

    name: str
    arguments: list[str]
    log_file: Path
    process: "subprocess.Popen[str]" = field(init=False)
    environment: dict[str, str] = field(default_factory=dict)  # beside ours
    restarts: int = 0

    def start(self) -> None:
        """Start it; what it logs is appended to its file."""
        self.log_file.parent.mkdir(exist_ok=True)
        with self.log_file.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shijing", *self.arguments, "--lifeline"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=PROJECT,
                env=inherited(self.environment),
            )

    @property
    def output(self) -> IO[str]:
        """Its standard output."""
        assert self.process.stdout is not None
        return self.process.stdout

    def await_ready(self) -> None:
        """Wait for its first line; raises ChildFailed with what it said where it ends instead."""
        answer: list[str] = []
        reader = threading.Thread(target=lambda: answer.append(self.output.readline()), daemon=True)
        reader.start()
        reader.join(_READY_S)
        if not answer or not answer[0]:
            raise ChildFailed(f"the {self.name} did not start; {self.log_file} says:\n{self._last_words()}")

    def _last_words(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-6:])

    def keep_alive(self) -> None:
        """Start it again where it died, as a service manager would; the promise holds across it."""
        status = self.process.poll()
        if status is None:
            return
        if status == FENCED_STATUS or self.restarts >= _RESTARTS:
            raise ChildFailed(f"the {self.name} ended with status {status}; see {self.log_file}")
        self.restarts += 1
        self._close_pipes()
        log.warning("the %s ended with status %s; starting it again", self.name, status)
        self.start()
        self.await_ready()

    def ask_to_stop(self) -> None:
        self.process.terminate()

    def await_end(self) -> int:
        """Its exit status; killed where it does not end in time."""
        try:
            status = self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._close_pipes()
        return status

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def stop_all(children: Sequence[Child]) -> None:
    """Ask all of them first, then wait for each."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.await_end()


class Lines:
    """The lines of a stream, waited for no longer than asked."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._news = threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._add(line)
        self._add("")

    def _add(self, line: str) -> None:
        with self._news:
            self._lines.append(line)
            self._news.notify()

    def take(self, wait_s: float) -> str | None:
        """The next line, "" at the end, None where none came in time."""
        with self._news:
            if not self._lines:
                self._news.wait(wait_s)
            return self._lines.pop(0) if self._lines else None
