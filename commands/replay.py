"""`shijing replay`: a scenario's readings and clock onto the broker."""

import json
import threading
from datetime import datetime
from typing import Any

from config.logs import BEIJING
from config.settings import BrokerSettings
from ingest.replay import Progress, Publisher, replay
from ingest.scenario import load_scenario


def run_replay(
    scenario: str,
    broker: BrokerSettings,
    *,
    speed: float | None,
    resume: datetime | None,
    stop: threading.Event,
    steps: bool,
) -> dict[str, Any]:
    """Replay to the end or until `stop`; with `steps` a JSON line goes to standard output as it moves on."""
    publisher = Publisher(broker, "shijing-replay")
    publisher.connect()
    try:
        last = replay(
            load_scenario(scenario),
            publisher,
            speed=speed,
            resume=resume,
            stop=stop,
            tell=_say if steps else _keep_quiet,
        )
    finally:
        publisher.close()
    if steps:
        _say(last)
    return _told(last)


def _told(progress: Progress) -> dict[str, Any]:
    clock = progress.clock.astimezone(BEIJING).isoformat()
    return {"published": progress.published, "total": progress.total, "clock": clock}


def _say(progress: Progress) -> None:
    print(json.dumps(_told(progress)), flush=True)


def _keep_quiet(progress: Progress) -> None:
    """Nobody asked."""
