"""Read the plugin's block of collectd.conf; every mistake names the key and the value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..metrics import TOPIC_METRICS, TopicMetric

PLACE = 'collectd.conf, <Module "collectd_fedmsg.collectd_plugin">'
#: A read must end well within the interval, or the next one is skipped by collectd.
LONGEST_SHARE = 0.9


@dataclass(frozen=True)
class PluginConfig:
    """What the block says; ``interval`` and ``timeout`` in seconds."""

    endpoints: tuple[str, ...] = ("/run/fedmsg-health/*.sock",)
    interval: float = 10.0
    timeout: float = 2.0
    #: Cursors are kept here, so that a restarted collectd goes on where it stopped.
    state_file: Path | None = None
    curve_keys: Path | None = None
    #: ``tcp://`` endpoint → the host name its values get.
    hosts: dict[str, str] = field(default_factory=dict)
    #: Address of a ``moksha.monitoring.socket`` → the service its values get.
    moksha_sockets: dict[str, str] = field(default_factory=dict)
    #: ``http://host:port`` of a fedora-messaging monitor → the service its values get.
    fedora_messagings: dict[str, str] = field(default_factory=dict)
    #: ``unix:/path`` of the rrdcached behind collectd's plugin, and that plugin's ``DataDir``.
    rrdcached: tuple[str, str] | None = None
    #: Consumers of one host beyond this are refused: each is a dozen files.
    max_consumers: int = 1000
    #: Whether to store messages per topic; and beside them their number and time of handling.
    topics: bool = True
    topic_times: bool = True

    def by_topic(self) -> tuple[TopicMetric, ...]:
        """Return what to store of each topic."""
        if not self.topics:
            return ()
        return TOPIC_METRICS if self.topic_times else TOPIC_METRICS[:1]


def read_block(node: Any) -> PluginConfig:
    """Return the configuration in collectd's parsed block.

    Args:
        node: ``collectd.Config``: ``key``, ``values``, ``children``.

    Raises:
        ConfigError: an unknown key, a wrong number of values or an unusable one.
    """
    read: dict[str, Any] = {
        "endpoints": [], "hosts": {}, "moksha_sockets": {}, "fedora_messagings": {},
    }  # fmt: skip
    for child in node.children:
        key, values = child.key, child.values
        reader = _READERS.get(key.lower())
        if reader is None:
            raise ConfigError(PLACE, key, values, f"unknown; known are {', '.join(_KEYS)}")
        reader(read, key, values)
    patterns = tuple(read.pop("endpoints")) or PluginConfig.endpoints
    config = PluginConfig(endpoints=patterns, **read)
    if config.timeout > config.interval * LONGEST_SHARE:
        raise ConfigError(
            PLACE, "Timeout", config.timeout, f"must be below {LONGEST_SHARE} × Interval"
        )
    return config


def _endpoint(read: dict[str, Any], key: str, values: Any) -> None:
    for value in values:
        if not isinstance(value, str) or not re.match(r"/|ipc:///|tcp://[^:/]+:\d+\Z", value):
            raise ConfigError(PLACE, key, value, "not a path, ipc:///… or tcp://…:port")
        read["endpoints"].append(value)
    if not values:
        raise ConfigError(PLACE, key, values, "names no endpoint")


def _seconds(read: dict[str, Any], key: str, values: Any) -> None:
    value = _one(key, values)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 86400:
        raise ConfigError(PLACE, key, value, "must be seconds, above 0")
    read[key.lower()] = float(value)


def _path(read: dict[str, Any], key: str, values: Any) -> None:
    value = _one(key, values)
    if not isinstance(value, str) or not Path(value).is_absolute():
        raise ConfigError(PLACE, key, value, "must be an absolute path")
    read[{"statefile": "state_file", "curvekeys": "curve_keys"}[key.lower()]] = Path(value)


def _count(read: dict[str, Any], key: str, values: Any) -> None:
    value = _one(key, values)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 1:
        raise ConfigError(PLACE, key, value, "must be a number above 0")
    read["max_consumers"] = int(value)


def _flag(read: dict[str, Any], key: str, values: Any) -> None:
    value = _one(key, values)
    if not isinstance(value, bool):
        raise ConfigError(PLACE, key, value, "must be true or false")
    read[{"topics": "topics", "topictimes": "topic_times"}[key.lower()]] = value


def _pair(read: dict[str, Any], key: str, values: Any) -> None:
    if len(values) != 2 or not all(isinstance(value, str) and value for value in values):
        raise ConfigError(PLACE, key, values, "takes two strings")
    first, second = values
    if "/" in second or "\0" in second or second.startswith("."):
        raise ConfigError(PLACE, key, second, "is no name: it would be part of a path")
    table, pattern, shape = _PAIRS[key.lower()]
    if not re.match(pattern, first):
        raise ConfigError(PLACE, key, first, f"must look like {shape}")
    if first in read[table]:
        raise ConfigError(PLACE, key, first, "is there twice")
    read[table][first] = second


def _rrdcached(read: dict[str, Any], key: str, values: Any) -> None:
    good = len(values) in (1, 2) and all(isinstance(value, str) for value in values)
    if not good or not re.match(r"unix:/", values[0]) or not all(
        value.startswith("/") for value in values[1:]
    ):  # fmt: skip
        raise ConfigError(
            PLACE, key, values, "takes unix:/path and, where collectd has one, the DataDir"
        )
    read["rrdcached"] = (values[0], values[1] if len(values) > 1 else "")


def _one(key: str, values: Any) -> Any:
    if len(values) != 1:
        raise ConfigError(PLACE, key, values, "takes one value")
    return values[0]


#: By key: the table it fills, what its first value must look like.
_PAIRS = {
    "host": ("hosts", r"tcp://[^:/]+:\d+\Z", "tcp://host:port"),
    "mokshasocket": ("moksha_sockets", r"(ipc:///|tcp://[^:/]+:\d+\Z)", "ipc:///path"),
    "fedoramessaging": ("fedora_messagings", r"http://[^:/@]+:\d+\Z", "http://host:port"),
}
_KEYS = {
    "Endpoints": _endpoint,
    "Interval": _seconds,
    "Timeout": _seconds,
    "StateFile": _path,
    "CurveKeys": _path,
    "MaxConsumers": _count,
    "Topics": _flag,
    "TopicTimes": _flag,
    "Rrdcached": _rrdcached,
    "Host": _pair,
    "MokshaSocket": _pair,
    "FedoraMessaging": _pair,
}
_READERS = {key.lower(): reader for key, reader in _KEYS.items()}
