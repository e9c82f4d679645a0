"""What there is to be allowed, and which role allows what: rights are code's, roles are data (`config/roles.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG

# What each right lets somebody do. Each route declares one of them; docs/rights.md has the whole table.
RIGHTS: Mapping[str, str] = {
    "map.read": "see the map, its layers, stations and readings, and the live stream",
    "alerts.read": "see alerts, incidents, CAP messages and the feed",
    "alerts.act": "acknowledge, take in hand, resolve, close and comment alerts",
    "alerts.report": "report what no sensor sees",
    "alerts.shelve": "put alerts aside, and end that",
    "warnings.read": "see official warnings",
    "warnings.enter": "enter and cancel official warnings by hand",
    "rules.read": "see the rules in force and their history",
    "rules.try": "check rules and try them on stored history",
    "rules.put": "put rules in force, everywhere",
    "status.read": "see how the system is: health in detail, metrics, ledger, quarantine",
    "people.read": "see people, posts, duty and rosters",
    "people.edit": "keep people, posts, duty and rosters",
    "records.count": "see how many residents need help, as numbers",
    "records.open": "open a resident's record, with a reason that is logged",
    "records.edit": "keep residents' records",
    "scene.edit": "keep what stands in a grid: facilities, shelters, hazard points, cameras",
    "accounts.manage": "make accounts, give and take roles",
    "plans.read": "see plans, their runs, who was called and who answered",
    "plans.edit": "write and publish plans",
    "runs.command": "start, confirm, steer, sign, end and review runs, and answer for others at the desk",
    "tasks.answer": "see and answer one's own tasks",
    "events.report": "report an event",
    "events.read": "see events and their closure",
    "events.handle": "accept, hand on and close events",
    "audit.read": "read the audit and the access log",
    "boundaries.draft": "draw drafts of boundaries",
    "boundaries.review": "review and publish boundaries",
}

# What an account of a wall screen may be allowed: nothing that changes anything or tells of a person.
FOR_SCREENS = frozenset(
    {"map.read", "alerts.read", "warnings.read", "rules.read", "status.read", "plans.read", "records.count"}
)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A set of rights under a name that people know."""

    zh: str
    en: str
    rights: frozenset[str]
    second_factor: bool = False  # whoever has the role needs one before anything else
    reserved: bool = False  # given and taken by administrators of everywhere only


def load_roles(path: Path = CONFIG / "roles.toml") -> dict[str, Role]:
    """Roles by id; raises ConfigError that names the file, the role and the right that there is not."""
    try:
        roles = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, Role])
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for name, role in roles.items():
        if unknown := sorted(role.rights - RIGHTS.keys()):
            raise ConfigError(f"{path}: [{name}] has no right {unknown[0]!r}: take one of {', '.join(RIGHTS)}")
    return roles
