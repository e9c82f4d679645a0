"""What each account may publish and read: derived from the topic map, the settings and the registry.

A device owns `cq/+/{device}/+`, and the `+` of the division would also take `cq/warning/{device}/…`, where
official warnings come in. So what carries no readings is denied to devices by name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from access.broker_accounts import BrokerAccount, Role
from access.errors import BrokerAccountError
from config.channel_settings import CallMqttSettings
from config.settings import HeartbeatSettings, OutSettings, PipelineSettings, WarningSettings, WatchSettings
from ingest.topics import Entry, read_topic_entries

_READINGS = {"json", "senml", "huawei"}
_CALLED = {Role.WORKER_APP: "worker_topic", Role.LOUDSPEAKER: "loudspeaker_topic"}


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Every topic filter that something of ours reads or writes."""

    pipeline_reads: tuple[str, ...]
    pipeline_writes: tuple[str, ...]  # heartbeats
    warnings_read: tuple[str, ...]
    alerts_out_writes: tuple[str, ...]
    watch_reads: tuple[str, ...]
    watch_writes: tuple[str, ...]
    worker_topic: str  # shijing/worker/{person}/task; "": nobody is called so
    loudspeaker_topic: str  # shijing/loudspeaker/{division}
    entries: tuple[Entry, ...]  # of topics.toml

    def of_device(self, device: str) -> list[str]:
        """Where a device's readings go."""
        beyond = any(topic.startswith("$") for topic in self.pipeline_reads)
        return [
            filter_of(entry.pattern, device)
            for entry in self.entries
            if entry.format in _READINGS and (beyond or not entry.pattern.startswith("$"))
        ]

    def not_of_devices(self) -> list[str]:
        """Where devices must not publish, whatever they are called."""
        others = [filter_of(entry.pattern, "+") for entry in self.entries if entry.format not in _READINGS]
        ours = [*self.pipeline_writes, *self.warnings_read, *self.alerts_out_writes, *self.watch_writes]
        return _without_covered([*others, *ours, *self.calls_write])

    @property
    def calls_write(self) -> tuple[str, ...]:
        """Where people are called."""
        return tuple(filter(None, (_called(self.worker_topic, "+"), _called(self.loudspeaker_topic, "+"))))


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one account may do; a denial comes before all else."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


def topics_in_use() -> Topics:
    """As this process's settings have them; raises ConfigError, BrokerAccountError."""
    heartbeat, watch = HeartbeatSettings(), WatchSettings()
    pipeline, calls = PipelineSettings(), CallMqttSettings()
    return Topics(
        pipeline_reads=_checked(pipeline.topics),
        pipeline_writes=_checked(heartbeat_filter(heartbeat.mqtt_topic, pipeline.partition)),
        warnings_read=_checked(WarningSettings().topics),
        alerts_out_writes=(OutSettings().alert_topics,),
        watch_reads=_checked([watch.heartbeat_topic]),
        watch_writes=_checked([watch.alarm_topic]),
        worker_topic=calls.worker_topic,
        loudspeaker_topic=calls.loudspeaker_topic,
        entries=tuple(read_topic_entries()),
    )


def grant_of(account: BrokerAccount, topics: Topics) -> Grant:
    """What an account may do by its role."""
    role = Role(account.role)
    if role is Role.GATEWAY:
        own = [one for device in (account.name, *account.devices) for one in topics.of_device(device)]
        return Grant(write=_sorted(_without_covered(own)), deny=_sorted(topics.not_of_devices()))
    if role is Role.REPLAY:
        return _of_replay(topics)
    if role is Role.WARNING_SOURCE:
        return Grant(write=_of_source(topics.warnings_read, account.name))
    if role in _CALLED:
        return Grant(read=_checked([_called(getattr(topics, _CALLED[role]), account.name)]))
    return {
        Role.PIPELINE: Grant(read=topics.pipeline_reads, write=topics.pipeline_writes),
        Role.WARNINGS: Grant(read=topics.warnings_read),
        Role.ALERTS_OUT: Grant(write=topics.alerts_out_writes),
        Role.DISPATCHER: Grant(write=topics.calls_write),
        Role.WATCH: Grant(read=topics.watch_reads, write=topics.watch_writes),
    }[role]


def _of_replay(topics: Topics) -> Grant:
    clocks = [entry.pattern for entry in topics.entries if entry.format == "clock"]
    denied = [one for one in topics.not_of_devices() if one not in clocks]
    return Grant(write=_sorted(_without_covered([*clocks, *topics.of_device("+")])), deny=_sorted(denied))


def filter_of(pattern: str, device: str) -> str:
    """A pattern of the topic map as an MQTT filter for one device ("+": for any)."""
    return pattern.format(division="+", quantity="+", device=device)


def _called(topic: str, whom: str) -> str:
    """Where somebody is called."""
    return topic.replace("{person}", whom).replace("{division}", whom)


def heartbeat_filter(topic: str, partition: str) -> list[str]:
    """Where heartbeats go: those of every partition, where its name is a level of its own."""
    levels = ["+" if level == "{partition}" else level.format(partition=partition) for level in topic.split("/")]
    return ["/".join(levels)]


def _of_source(filters: Iterable[str], name: str) -> tuple[str, ...]:
    """A source of official warnings writes under its own name: `cq/warning/#` → `cq/warning/{name}/#`."""
    return _sorted(f"{one.removesuffix('#')}{name}/#" if one.endswith("#") else one for one in filters)


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic of the second filter is one of the first."""
    ours, theirs = wide.split("/"), narrow.split("/")
    for place, level in enumerate(ours):
        if level == "#":
            return True
        if place >= len(theirs) or theirs[place] == "#" or (level != "+" and level != theirs[place]):
            return False
    return len(ours) == len(theirs)


def _without_covered(filters: Sequence[str]) -> list[str]:
    """Without those that another one includes."""
    once = list(dict.fromkeys(filters))
    return [one for one in once if not any(other != one and covers(other, one) for other in once)]


def _sorted(filters: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(filters))


def _checked(filters: Sequence[str]) -> tuple[str, ...]:
    for one in filters:
        if any(character in one for character in "\r\n\0"):
            raise BrokerAccountError(
                f"the topic {one!r} in the settings has a line break: an access list cannot hold it"
            )
    return tuple(one for one in filters if one)
