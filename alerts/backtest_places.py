"""What the subjects of a back-test are called and where they are, by the registry and the boundaries of today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts import subjects as numbers
from alerts.backtest import QUERIES
from alerts.rule_scope import places
from alerts.ruleset import Subject
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Places:
    """Names and townships, by number."""

    township_of: Mapping[int, int | None]  # subject → id of its township; None: in none, or in several
    codes: Mapping[int | None, str]  # district or township → code
    names: Mapping[int | None, str]  # the same → name, a township's after its district's
    sensors: Mapping[int, str]
    devices: Mapping[int, str]

    def division_name(self, township: int | None) -> str:
        """For people; '' for none."""
        return self.names.get(township, "")

    def subject_name(self, subject: int) -> str:
        """For people."""
        kind, number = numbers.kind_of(subject), numbers.number_of(subject)
        named = {"sensor": self.sensors, "device": self.devices, "gateway": self.devices, "division": self.names}
        known: Mapping[int, str] = named.get(kind, {})  # type: ignore[assignment]
        return known.get(number) or f"{kind} {number}"


def load_places(connection: Connection, subjects: Sequence[Subject]) -> Places:
    """Of these sensors, and of the devices, gateways and divisions that rules make of them."""
    divisions = {row[0]: row for row in connection.execute(QUERIES["divisions"])}
    names = {
        number: f"{divisions[parent][3]} {name}" if parent in divisions else name
        for number, _, _, name, parent in divisions.values()
    }
    return Places(
        township_of=_townships(subjects, [number for number, row in divisions.items() if row[1] == "township"]),
        codes={number: code for number, _, code, _, _ in divisions.values()},
        names=names,
        sensors={number: place.label for number, place in places(connection).items()},
        devices=dict(connection.execute(QUERIES["device_names"]).fetchall()),
    )


def _townships(subjects: Iterable[Subject], townships: Iterable[int]) -> dict[int, int | None]:
    found: dict[int, set[int | None]] = {numbers.of("division", number): {number} for number in townships}
    for one in subjects:
        about = [one.sensor_id]
        about += [] if one.device_id is None else [numbers.of("device", one.device_id)]
        about += [] if one.gateway_id is None else [numbers.of("gateway", one.gateway_id)]
        about += [] if one.grid_id is None else [numbers.of("division", one.grid_id)]
        for subject in about:
            found.setdefault(subject, set()).add(one.township_id)
    return {subject: next(iter(those)) if len(those) == 1 else None for subject, those in found.items()}
