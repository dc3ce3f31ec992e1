"""Read a plugin's block of collectd.conf; every mistake names the key and the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import config_check, config_values
from ..config_check import Checker
from ..config_values import Check, absolute_path, flag, http_url, number, whole
from ..metrics import TOPIC_METRICS, TopicMetric
from .sources.broker import Broker

PLACE = 'collectd.conf, <Module "collectd_fedmsg.collectd_plugin">'
#: A read must end well within the interval, or the next one is skipped by collectd.
MAX_TIMEOUT_SHARE = 0.9


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
    #: Brokers whose queues are read, one a ``<RabbitMQ url>`` block.
    brokers: tuple[Broker, ...] = ()
    #: ``unix:/path`` of the rrdcached behind collectd's plugin, and that plugin's ``DataDir``.
    rrdcached: tuple[str, str] | None = None
    #: Consumers of one host beyond this are refused: each is a dozen files.
    max_consumers: int = 1000
    #: Whether to store messages per topic, and also the number and time of their handling.
    topics: bool = True
    topic_times: bool = True

    def by_topic(self) -> tuple[TopicMetric, ...]:
        """Return what to store of each topic."""
        if not self.topics:
            return ()
        return TOPIC_METRICS if self.topic_times else TOPIC_METRICS[:1]


@dataclass(frozen=True)
class Option:
    """One option of a block: the field that it fills, and the check of one line's values."""

    field: str
    check: Check
    #: How several lines are joined: the earlier result and this line's.
    join: Callable[[Any, Any], Any] | None = None
    #: The options of a nested block, and what its values and options make together.
    nested: Mapping[str, Option] | None = None
    build: Callable[[Any, Mapping[str, Any]], Any] | None = None


def read_options(node: Any, options: Mapping[str, Option], checker: Checker) -> dict[str, Any]:
    """Return the fields that a block sets; what is wrong is noted in ``checker``.

    Args:
        node: ``collectd.Config``: ``key``, ``values``, ``children``.
        options: by name, as the manual spells them; collectd ignores case.
        checker: of the block.
    """
    by_name = {name.lower(): (name, option) for name, option in options.items()}
    read: dict[str, Any] = {}
    for child in node.children:
        known = by_name.get(child.key.lower())
        if known is None:
            checker.wrong(child.key, child.values, config_check.unknown(child.key, options))
            continue
        name, option = known
        try:
            value = option.check(tuple(child.values))
            if option.nested is not None and option.build is not None:
                value = option.build(value, read_options(child, option.nested, checker))
            if option.field in read:
                if option.join is None:
                    raise ValueError("is there twice")
                value = option.join(read[option.field], value)
            read[option.field] = value
        except (ValueError, TypeError) as error:
            values = child.values[0] if len(child.values) == 1 else child.values
            checker.wrong(name, values, str(error))
    return read


def read_block(node: Any) -> PluginConfig:
    """Return the configuration in collectd's parsed block.

    Raises:
        ConfigError: everything that is wrong in it.
    """
    checker = Checker(PLACE)
    config = PluginConfig(**read_options(node, OPTIONS, checker))
    if config.timeout > config.interval * MAX_TIMEOUT_SHARE:
        checker.wrong("Timeout", config.timeout, f"must be below {MAX_TIMEOUT_SHARE} × Interval")
    checker.finish()
    return config


def single(check: Check) -> Check:
    """Return a check of a line that has one value."""

    def checked(values: tuple[Any, ...]) -> Any:
        if len(values) != 1:
            raise ValueError("takes one value")
        return check(values[0])

    return checked


def _endpoints(values: tuple[Any, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("names no endpoint")
    return tuple(_endpoint(value) for value in values)


def _endpoint(value: Any) -> str:
    if isinstance(value, str) and value.startswith("tcp://"):
        return config_values.tcp_endpoint(value)
    if not isinstance(value, str) or not re.match(r"/|ipc:///", value) or "\0" in value:
        raise ValueError("is neither a path, ipc:///… nor tcp://…:port")
    return value


def _http_endpoint(value: Any) -> str:
    address = str(http_url(value)).rstrip("/")
    if not re.fullmatch(r"http://[^/]+:\d+", address):
        raise ValueError("must look like http://host:port")
    return address


def _moksha_socket(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"ipc:///.+", value):
        return value
    return config_values.tcp_endpoint(value)


def _named(check: Check) -> Check:
    """Return a check of a line that has an address and the name its values get."""

    def checked(values: tuple[Any, ...]) -> dict[str, str]:
        if len(values) != 2 or not all(isinstance(value, str) and value for value in values):
            raise ValueError("takes two strings")
        name = config_values.text(values[1])
        if "/" in name or name.startswith("."):
            raise ValueError(f"{name!r} is no name: it would be part of a path")
        return {check(values[0]): name}

    return checked


def _joined(earlier: dict[str, str], later: dict[str, str]) -> dict[str, str]:
    for address in later:
        if address in earlier:
            raise ValueError(f"{address} is there twice")
    return {**earlier, **later}


def _broker_url(values: tuple[Any, ...]) -> str:
    if len(values) != 1 or not isinstance(values[0], str):
        raise ValueError("takes the broker's address")
    if not values[0].startswith("amqp://"):
        return _http_endpoint(values[0])
    if not re.fullmatch(r"amqp://[^/@:]+:\d+", values[0]):
        raise ValueError("must look like amqp://host:port")
    return values[0]


def _broker(url: str, options: Mapping[str, Any]) -> tuple[Broker, ...]:
    return (Broker(url, **options),)


def _brokers(earlier: tuple[Broker, ...], later: tuple[Broker, ...]) -> tuple[Broker, ...]:
    if later[0].url in [broker.url for broker in earlier]:
        raise ValueError(f"{later[0].url} is there twice: name every vhost in one block")
    return earlier + later


def _texts(values: tuple[Any, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("takes at least one name")
    return tuple(config_values.text(value) for value in values)


def _more(earlier: tuple[str, ...], later: tuple[str, ...]) -> tuple[str, ...]:
    return earlier + later


def _rrdcached(values: tuple[Any, ...]) -> tuple[str, str]:
    good = len(values) in (1, 2) and all(isinstance(value, str) for value in values)
    if (
        not good
        or not values[0].startswith("unix:/")
        or not all(value.startswith("/") for value in values[1:])
    ):
        raise ValueError("takes unix:/path and, where collectd has one, the DataDir")
    return values[0], values[1] if len(values) > 1 else ""


#: Everything that a block ``<RabbitMQ url>`` may hold.
BROKER_OPTIONS: Mapping[str, Option] = {
    "Vhost": Option("vhosts", _texts, _more),
    "User": Option("user", single(config_values.text)),
    "PasswordFile": Option("password_file", single(absolute_path)),
    "Queues": Option("queues", _texts, _more),
    "Service": Option("services", _named(config_values.text), _joined),
}
#: Everything that the block may hold.
OPTIONS: Mapping[str, Option] = {
    "Endpoints": Option("endpoints", _endpoints, lambda earlier, later: earlier + later),
    "Interval": Option("interval", single(number(1, 86400, "seconds"))),
    "Timeout": Option("timeout", single(number(0.01, 86400, "seconds"))),
    "StateFile": Option("state_file", single(absolute_path)),
    "CurveKeys": Option("curve_keys", single(absolute_path)),
    "MaxConsumers": Option("max_consumers", single(whole(1, 1_000_000))),
    "Topics": Option("topics", single(flag)),
    "TopicTimes": Option("topic_times", single(flag)),
    "Rrdcached": Option("rrdcached", _rrdcached),
    "Host": Option("hosts", _named(config_values.tcp_endpoint), _joined),
    "MokshaSocket": Option("moksha_sockets", _named(_moksha_socket), _joined),
    "FedoraMessaging": Option("fedora_messagings", _named(_http_endpoint), _joined),
    "RabbitMQ": Option("brokers", _broker_url, _brokers, BROKER_OPTIONS, _broker),
}
