"""EDGE collectd: read every daemon, dispatch each sample with its own time.

``Import "collectd_fedmsg.collectd_plugin"``. A read is bounded by Timeout and never raises:
a python read that raises is called ever more rarely by collectd, up to once a day.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import collectd

from .collectd_config import PluginConfig, read_block
from .cursors import Ended
from .errors import ConfigError
from .metrics import METRICS, PLUGIN, TOPIC_TYPE
from .names import escape
from .reader import Reader
from .requester import Requester
from .sample import Sample
from .sources.fedora_messaging import FedoraMessagingSource
from .sources.foreign import Foreign, Source
from .sources.moksha import MokshaSource

#: Our own health goes under this plugin name, so that it is never taken for a daemon.
SELF = "collectd_fedmsg"
#: Seconds between two log lines about the same endpoint.
LOG_EVERY = 300.0


class Plugin:
    """What collectd calls; one read thread at a time."""

    def __init__(self) -> None:
        self._config = PluginConfig()
        self._by_topic = self._config.by_topic()
        self._broken = False
        self._reader: Reader | None = None
        self._requester: Requester | None = None
        self._sources: list[Source] = []
        self._values: Any = None
        self._logged: dict[str, float] = {}
        self._consumers: set[tuple[str, str, str]] = set()
        self._totals = {"bytes": 0, "samples": 0, "errors": 0}

    def configure(self, node: Any) -> None:
        """Read the block; a mistake is one clear line and nothing is read then."""
        try:
            self._config = read_block(node)
            self._by_topic = self._config.by_topic()
            self._broken = False
        except ConfigError as error:
            self._broken = True
            collectd.error(str(error))

    def init(self) -> None:
        """Open what is needed; called after collectd has forked."""
        if self._broken:
            collectd.error("collectd_fedmsg: reads nothing until its configuration is mended")
            return
        self._requester = Requester(self._config.curve_keys)
        self._reader = Reader(self._config.endpoints, self._requester)
        if self._config.state_file:
            try:
                self._reader.cursors.load(self._config.state_file)
            except (OSError, ValueError) as error:
                collectd.warning(f"collectd_fedmsg: begins anew: {error}")
        if self._config.moksha_sockets:
            moksha = MokshaSource(
                self._config.moksha_sockets, self._config.interval, time.time()
            )
            self._sources.append(moksha)
        if self._config.fedora_messagings:
            services = self._config.fedora_messagings
            self._sources.append(FedoraMessagingSource(services, self._config.interval))
        self._values = collectd.Values()
        collectd.register_read(self.read, self._config.interval)

    def read(self) -> None:
        """Ask everyone, dispatch what is new, say how it went."""
        try:
            self._read()
        except Exception as error:
            collectd.error(f"collectd_fedmsg: read: {type(error).__name__}: {error}")

    def shutdown(self) -> None:
        """Close the sockets; what is still open on them does not matter."""
        if self._requester is not None:
            self._requester.close()
        for source in self._sources:
            source.close()

    def _read(self) -> None:
        if self._reader is None:
            return
        began, now = time.monotonic(), time.time()
        harvest = self._reader.collect(self._config.timeout, now)
        for ended in harvest.ended:
            self._tell(ended)
        self._dispatch_all(harvest.fresh)
        self._count(harvest.errors, harvest.octets)
        silent = len(harvest.silent)
        for source in self._sources:
            left = max(0.0, self._config.timeout - (time.monotonic() - began))
            found = source.collect(left, now // 1)
            self._dispatch_all(found.fresh)
            self._count(found.errors, found.octets)
            silent += len(found.silent)
            harvest.daemons += len(found.fresh)
        self._save()
        self._report(harvest.daemons, silent, time.monotonic() - began)

    def _dispatch_all(self, fresh: Iterable[tuple[str, Any, Sequence[Any]]]) -> None:
        for endpoint, origin, samples in fresh:
            host = self._config.hosts.get(endpoint, "")
            for sample in samples:
                if self._admit(host, origin.service, sample.consumer):
                    self._dispatch(host, origin.service, origin.interval, sample)
                    self._totals["samples"] += 1

    def _count(self, errors: Mapping[str, str], octets: int) -> None:
        for endpoint, error in errors.items():
            self._totals["errors"] += 1
            self._log(endpoint, f"{endpoint}: {error}")
        self._totals["bytes"] += octets

    def _dispatch(self, host: str, service: str, interval: float, sample: Sample | Foreign) -> None:
        values = self._values
        values.host = host
        values.plugin = PLUGIN
        values.plugin_instance = escape(service)
        values.interval = interval
        for metric in METRICS:
            value = getattr(sample, metric.name)
            if value is None or (metric.name in ("backlog", "oldest") and not sample.observable):
                continue
            values.type = metric.collectd_type
            values.type_instance = metric.type_instance(sample.consumer)
            values.dispatch(values=[value], time=sample.time)
        values.type = TOPIC_TYPE
        for by_topic in self._by_topic:
            for topic, total in getattr(sample, by_topic.field).items():
                values.type_instance = by_topic.type_instance(sample.consumer, topic)
                values.dispatch(values=[total], time=sample.time)

    def _admit(self, host: str, service: str, consumer: str) -> bool:
        """Return whether a consumer may have files; each is a dozen of them."""
        key = (host, service, consumer)
        if key in self._consumers:
            return True
        if sum(1 for one in self._consumers if one[0] == host) >= self._config.max_consumers:
            one_too_many = f"{service}/{consumer!r:.80} is one too many: MaxConsumers"
            self._log(f"MaxConsumers {host}", one_too_many)
            return False
        self._consumers.add(key)
        return True

    def _tell(self, ended: Ended) -> None:
        lost = sum(ended.lost.values())
        names = ", ".join(f"{name}: {count}" for name, count in sorted(ended.lost.items()))
        severity = collectd.NOTIF_WARNING if lost else collectd.NOTIF_OKAY
        note = collectd.Notification(
            plugin=PLUGIN, plugin_instance=escape(ended.service), type="queue_length"
        )
        note.dispatch(
            severity=severity,
            message=f"{ended.service} ended or was restarted;"
            f" {lost} messages were lost in its queue{f' ({names})' if names else ''}"[:250],
        )

    def _report(self, daemons: int, silent: int, seconds: float) -> None:
        values = collectd.Values(plugin=SELF, interval=self._config.interval)
        for kind, name, value in (
            ("count", "daemons_seen", daemons),
            ("count", "daemons_silent", silent),
            ("derive", "bytes", self._totals["bytes"]),
            ("derive", "samples", self._totals["samples"]),
            ("derive", "errors", self._totals["errors"]),
            ("duration", "read", seconds),
        ):
            values.type, values.type_instance = kind, name
            values.dispatch(values=[value])

    def _save(self) -> None:
        if self._config.state_file and self._reader:
            try:
                self._reader.cursors.save(self._config.state_file)
            except OSError as error:
                self._log("StateFile", f"cursors are not saved: {error}")

    def _log(self, about: str, line: str) -> None:
        now = time.monotonic()
        if now - self._logged.get(about, -LOG_EVERY) >= LOG_EVERY:
            if len(self._logged) > 10_000:
                self._logged.clear()
            self._logged[about] = now
            collectd.warning(f"collectd_fedmsg: {line:.500}")


plugin = Plugin()
collectd.register_config(plugin.configure)
collectd.register_init(plugin.init)
collectd.register_shutdown(plugin.shutdown)
