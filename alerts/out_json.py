"""An alert and its transitions as JSON, the same over MQTT and over HTTP; the fields: docs/interfaces.md."""

from dataclasses import asdict
from typing import Any

from alerts.cap_words import RuleWords
from alerts.out_alerts import ToldAlert, ToldTransition
from alerts.out_steps import Moved

Json = dict[str, Any]


def alert_json(alert: ToldAlert, rule: RuleWords) -> Json:
    """An alert; times stay datetimes, for the encoder to write."""
    told = asdict(alert)
    township, district, grid = (told.pop(name) for name in ("township", "district", "grid"))
    codes = [told.pop(name) for name in ("township_code", "district_code", "grid_code")]
    return {
        **told,
        "title": {"zh": alert.title or rule.label_zh, "en": alert.title or rule.label_en},
        "township": _division(codes[0], township),
        "district": _division(codes[1], district),
        "grid": _division(codes[2], grid),
    }


def _division(code: str | None, name: str | None) -> Json | None:
    return None if code is None else {"code": code, "name": name}


def transition_json(transition: ToldTransition) -> Json:
    """A transition with everything that is known of it."""
    return asdict(transition)


def step_json(alert: ToldAlert, moved: Moved, rule: RuleWords) -> Json:
    """The alert as it was after a step, and the step; remarks of people stay inside."""
    one = moved.transition
    step = {
        "id": one.id,
        "time": one.time,
        "from_level": one.from_level,
        "to_level": one.to_level,
        "from_state": one.from_state,
        "to_state": one.to_state,
        "reason": one.reason,
        "late": one.late,
        "retracts": one.retracts,
        "recorded_at": one.recorded_at,
    }
    return {**alert_json(alert, rule), "transition": step}
