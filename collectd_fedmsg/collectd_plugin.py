"""collectd's reader: ask every daemon, dispatch each sample with its own time.

``Import "collectd_fedmsg.collectd_plugin"``. A read is bounded by Timeout and never raises:
a python read that raises is called ever more rarely by collectd, up to once a day.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import collectd

from .bounded_log import BoundedLog
from .collector.config import PluginConfig, read_block
from .collector.outage import OutageRecovery
from .collector.replicas import ReplicaRows
from .collector.schedule import ReadSchedule
from .collector.series import SeriesTable
from .collector.sources.base import PartialSample, Source
from .collector.sources.fedora_messaging import FedoraMessagingSource
from .collector.sources.moksha import MokshaSource
from .collector.sources.rabbitmq import RabbitSource
from .errors import ConfigError
from .metrics import PLUGIN
from .names import escape, printable
from .protocol.sample import REPLICA_MARK, Sample
from .reader.collect import Harvest, Reader
from .reader.cursors import Ended
from .reader.requester import Requester
from .rrdcached import Rrdcached

#: Our own health goes under this plugin name, so that it is never taken for a daemon.
SELF = "collectd_fedmsg"
#: Of a notification: collectd keeps 256 bytes, its NUL among them.
MAX_MESSAGE = 250


class Plugin:
    """What collectd calls; one read thread at a time."""

    def __init__(self) -> None:
        self._config = PluginConfig()
        self._broken = False
        self._reader: Reader | None = None
        self._requester: Requester | None = None
        self._sources: list[Source] = []
        self._values: Any = None
        self._recovery: OutageRecovery | None = None
        self._bounded_log = BoundedLog()
        self._schedule = ReadSchedule(self._config.interval, self._config.timeout)
        self._table = SeriesTable(self._config.max_consumers, self._config.by_topic())
        self._totals = {"bytes": 0, "samples": 0, "errors": 0}

    def configure(self, node: Any) -> None:
        """Read the block; a mistake is one clear line and nothing is read then."""
        try:
            self._config = read_block(node)
            self._table = SeriesTable(self._config.max_consumers, self._config.by_topic())
            self._broken = False
        except ConfigError as error:
            self._broken = True
            for mistake in error.all:
                collectd.error(printable(str(mistake)))

    def init(self) -> None:
        """Open what is needed; called after collectd has forked."""
        if self._broken:
            collectd.error("collectd_fedmsg: reads nothing until its configuration is mended")
            return
        self._requester = Requester(self._config.curve_keys)
        self._reader = Reader(
            self._config.endpoints, self._requester, hosts=self._config.hosts
        )  # fmt: skip
        self._load()
        self._replicas = ReplicaRows(self._reader.place)
        if self._config.rrdcached:
            store = Rrdcached(*self._config.rrdcached)
            folder = self._config.rrdcached[1]
            self._recovery = OutageRecovery(store, self._reader, self._table, own_host(), folder)
        if self._config.moksha_sockets:
            moksha = MokshaSource(self._config.moksha_sockets, self._config.interval, time.time())
            self._sources.append(moksha)
        rabbit = None
        if self._config.brokers:
            rabbit = RabbitSource(self._config.brokers, self._config.interval)
            self._sources.append(rabbit)
            self._replicas = ReplicaRows(self._reader.place, rabbit.has_queue)
        if self._config.fedora_messagings:
            services = self._config.fedora_messagings
            self._sources.append(
                FedoraMessagingSource(
                    services,
                    self._config.interval,
                    rabbit.has_queue if rabbit else None,
                    self._replicas.counts_inside,
                )
            )
        self._values = collectd.Values()
        self._schedule = ReadSchedule(self._config.interval, self._config.timeout)
        collectd.register_read(self.read, self._schedule.call_interval)

    def read(self) -> None:
        """Ask everyone, dispatch what is new, say how it went."""
        try:
            if self._schedule.due(time.time()):
                self._read()
        except Exception as error:
            self._log_exception("read", error)

    def shutdown(self) -> None:
        """Close the sockets; what is still open on them does not matter."""
        opened = (self._requester, self._recovery, *self._sources)
        for resource in opened:
            try:
                if resource is not None:
                    resource.close()
            except Exception as error:
                self._log_exception("shutdown", error)

    def _read(self) -> None:
        if self._reader is None:
            return
        began, now = time.monotonic(), time.time()
        harvest = Harvest()
        stores = self._may_store()
        if stores:
            left = self._config.timeout - (time.monotonic() - began)
            harvest = self._reader.collect(max(0.1, left), now)
        for ended in harvest.ended:
            self._tell(ended)
        fresh, rows = self._replicas.take(harvest.fresh, harvest.heads, now)
        self._dispatch_all(fresh)
        self._dispatch_all(self._buffered(rows, stores))
        self._count(harvest.errors, harvest.octets)
        silent = len(harvest.silent)
        for source in self._sources:
            left = max(0.0, self._config.timeout - (time.monotonic() - began))
            try:
                harvested = source.collect(left, now // 1)
            except Exception as error:  # the other sources are read all the same
                self._totals["errors"] += 1
                self._log_exception(type(source).__name__, error)
                continue
            self._dispatch_all(self._buffered(harvested.fresh, stores))
            self._count(harvested.errors, harvested.octets)
            for subject, note in harvested.notes.items():
                self._log(subject, f"{subject}: {note}")
            silent += len(harvested.silent)
            harvest.daemons += len(harvested.fresh)
        self._save()
        self._report(harvest.daemons, silent, time.monotonic() - began)

    def _may_store(self) -> bool:
        """Return whether what is dispatched now will be stored; say so when it would not."""
        if self._recovery is None:
            return True
        try:
            ready, line = self._recovery.ready(self._config.timeout)
        except Exception as error:
            self._log_exception("rrdcached", error)
            return False
        if line:
            self._log(line, line)
        return ready

    def _buffered(self, fresh: Sequence[Any], stores: bool) -> Sequence[Any]:
        """Return what shall be stored now of daemons that cannot be asked again."""
        if self._recovery is None:
            return fresh
        self._recovery.buffer.add(fresh)
        return self._recovery.buffer.release() if stores else ()

    def _dispatch_all(self, fresh: Iterable[tuple[str, Any, Sequence[Any]]]) -> None:
        assert self._reader is not None
        for endpoint, origin, samples in fresh:
            host = self._reader.place(endpoint)
            values = self._values
            values.host = host
            values.plugin = PLUGIN
            values.plugin_instance = escape(origin.service)
            values.interval = origin.interval
            if origin.interval < self._config.interval:
                self._log(
                    f"Interval {endpoint}",
                    f"{origin.service} samples every {origin.interval:g} s and is read every"
                    f" {self._config.interval:g} s: what is shown is as much late; set"
                    f" Interval {origin.interval:g}",
                )
            try:
                for sample in samples:
                    self._dispatch(host, origin.service, sample)
            except Exception as error:  # the other daemons are stored all the same
                self._totals["errors"] += 1
                self._log_exception(endpoint, error)

    def _count(self, errors: Mapping[str, str], octets: int) -> None:
        for endpoint, error in errors.items():
            self._totals["errors"] += 1
            self._log(endpoint, f"{endpoint}: {error}")
        self._totals["bytes"] += octets

    def _dispatch(self, host: str, service: str, sample: Sample | PartialSample) -> None:
        series = self._table.find(host, service, sample.consumer)
        if series is None:
            one_too_many = f"{service}/{sample.consumer!r:.80} is one too many: MaxConsumers"
            self._log(f"MaxConsumers {host}", one_too_many)
            return
        values = self._values
        for kind, instance, value in series.values(sample):
            values.type = kind
            values.type_instance = instance
            values.dispatch(values=[value], time=sample.time)
        self._totals["samples"] += 1

    def _tell(self, ended: Ended) -> None:
        # What a replica had in hand is its broker's to deliver again.
        ended = replace(
            ended,
            lost={name: count for name, count in ended.lost.items() if REPLICA_MARK not in name},
        )
        lost = sum(ended.lost.values())
        names = ", ".join(f"{name}: {count}" for name, count in sorted(ended.lost.items()))
        severity = collectd.NOTIF_WARNING if lost else collectd.NOTIF_OKAY
        note = collectd.Notification(
            plugin=PLUGIN, plugin_instance=escape(ended.service), type="queue_length"
        )
        note.dispatch(
            severity=severity,
            message=printable(
                f"{ended.service} ended or was restarted;"
                f" {lost} messages were lost in its queue{f' ({names})' if names else ''}"
            )[:MAX_MESSAGE],
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

    def _load(self) -> None:
        """Read what outlives a restart: cursors, and the topics that have series."""
        loads = [(self._table.topic_names.load, topics_file(self._config.state_file))]
        if self._config.state_file and self._reader:
            loads.append((self._reader.cursors.load, self._config.state_file))
        for load, path in loads:
            try:
                load(path)
            except (OSError, ValueError) as error:
                collectd.warning(printable(f"collectd_fedmsg: begins without {path}: {error}"))

    def _save(self) -> None:
        try:
            self._table.topic_names.save(topics_file(self._config.state_file))
            if self._config.state_file and self._reader:
                self._reader.cursors.save(self._config.state_file)
        except OSError as error:
            self._log("StateFile", f"not saved: {error}")

    def _log_exception(self, about: str, error: Exception) -> None:
        self._log(f"{about} {type(error).__name__}", f"{about}: {type(error).__name__}: {error}")

    def _log(self, about: str, line: str) -> None:
        for row in self._bounded_log.lines(about, line, time.monotonic()):
            collectd.warning(f"collectd_fedmsg: {row}")


def topics_file(state_file: Path | None) -> Path:
    """Return where the names of topics with series are kept: beside the StateFile.

    Without one, in collectd's BaseDir, which is its working folder.
    """
    if state_file is None:
        return Path("collectd_fedmsg.topics.json")
    return state_file.with_name(f"{state_file.stem}.topics.json")


def own_host() -> str:
    """Return the name that collectd gives to values of this host; Python is not told it."""
    try:
        name = ctypes.c_char_p.in_dll(ctypes.CDLL(None), "hostname_g").value
    except ValueError:
        return ""
    return (name or b"").decode("utf-8", "replace").replace("/", "_")


plugin = Plugin()
collectd.register_config(plugin.configure)
collectd.register_init(plugin.init)
collectd.register_shutdown(plugin.shutdown)
