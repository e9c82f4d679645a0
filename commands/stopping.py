"""How a process is told to stop: SIGTERM, SIGINT, or the end of its lifeline."""

import os
import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop


def hold_lifeline() -> None:
    """Send this process SIGTERM when its standard input ends: its parent is gone, however it went."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread that waits would hold at exit
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
