"""collectd's reader: ask every daemon, dispatch each sample with its own time.

``Import "collectd_fedmsg.collectd_plugin"``. A read is bounded by Timeout and never raises:
a python read that raises is called ever more rarely by collectd, up to once a day.
"""

from __future__ import annotations

import ctypes
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import collectd

from .collector.config import PluginConfig, read_block
from .collector.dispatch import Dispatcher
from .collector.evidence_keeper import WRITE_SECONDS, EvidenceKeeper
from .collector.outage import OutageRecovery
from .collector.replicas import ReplicaRows
from .collector.schedule import ReadSchedule
from .collector.series import SeriesTable
from .collector.sources.base import Source
from .collector.sources.fedora_messaging import FedoraMessagingSource
from .collector.sources.moksha import MokshaSource
from .collector.sources.rabbitmq import RabbitSource
from .errors import ConfigError
from .names import printable
from .reader.collect import Harvest, Reader
from .reader.requester import Requester
from .rrdcached import Rrdcached


class Plugin:
    """What collectd calls; one read thread at a time."""

    def __init__(self) -> None:
        self._config = PluginConfig()
        self._broken = False
        self._reader: Reader | None = None
        self._requester: Requester | None = None
        self._sources: list[Source] = []
        self._recovery: OutageRecovery | None = None
        self._schedule = ReadSchedule(self._config.interval, self._config.timeout)
        self._table = SeriesTable(self._config.max_consumers, self._config.by_topic())
        self._dispatcher = Dispatcher(self._config, self._table)
        self._evidence = EvidenceKeeper(None, str)

    def configure(self, node: Any) -> None:
        """Read the block; a mistake is one line in the log, and then nothing is read."""
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
        self._dispatcher = Dispatcher(
            self._config, self._table, self._reader.place, self._reader.user
        )
        state = self._config.state_file
        self._evidence = EvidenceKeeper(
            state and evidence_file(state), self._host_of, min(WRITE_SECONDS, self._config.interval)
        )
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
        self._schedule = ReadSchedule(self._config.interval, self._config.timeout)
        collectd.register_read(self.read, self._schedule.call_interval)

    def read(self) -> None:
        """Ask every daemon, dispatch new samples, report the round."""
        try:
            if self._schedule.due(time.time()):
                self._read()
        except BaseException as error:  # also what a library raises to end the program
            self._dispatcher.log_exception("read", error)

    def shutdown(self) -> None:
        """Close the sockets; what is still open on them does not matter."""
        opened = (self._requester, self._recovery, *self._sources)
        for resource in opened:
            try:
                if resource is not None:
                    resource.close()
            except Exception as error:
                self._dispatcher.log_exception("shutdown", error)

    def _read(self) -> None:
        if self._reader is None:
            return
        began, now = time.monotonic(), time.time()
        harvest = Harvest()
        stores = self._may_store()
        if stores:
            left = self._config.timeout - (time.monotonic() - began)
            try:
                harvest = self._reader.collect(max(0.1, left), now)
            except Exception as error:  # the other sources are read all the same
                self._dispatcher.count_failure("daemons", error)
        for ended in harvest.ended:
            self._dispatcher.tell(ended)
        self._keep_evidence(harvest, now)
        fresh, rows = self._replicas.take(harvest.fresh, harvest.heads, now)
        self._dispatcher.dispatch_all(fresh)
        self._dispatcher.dispatch_all(self._buffered(rows, stores))
        self._dispatcher.count(harvest.errors, harvest.octets)
        silent = len(harvest.silent)
        for source in self._sources:
            left = max(0.0, self._config.timeout - (time.monotonic() - began))
            try:
                harvested = source.collect(left, now // 1)
            except Exception as error:  # the other sources are read all the same
                self._dispatcher.count_failure(type(source).__name__, error)
                continue
            self._dispatcher.dispatch_all(self._buffered(harvested.fresh, stores))
            self._dispatcher.count(harvested.errors, harvested.octets)
            for subject, note in harvested.notes.items():
                self._dispatcher.log(subject, f"{subject}: {note}")
            silent += len(harvested.silent)
            harvest.daemons += len(harvested.fresh)
        self._save()
        self._dispatcher.report(harvest.daemons, silent, time.monotonic() - began)

    def _host_of(self, endpoint: str) -> str:
        assert self._reader is not None
        return self._reader.place(endpoint) or own_host() or socket.gethostname()

    def _keep_evidence(self, harvest: Harvest, now: float) -> None:
        try:
            self._evidence.take(harvest, now)
            self._evidence.save(now)
        except Exception as error:  # without it samples are stored all the same
            self._dispatcher.log_exception("evidence", error)

    def _may_store(self) -> bool:
        """Return whether what is dispatched now will be stored; say so when it would not."""
        if self._recovery is None:
            return True
        try:
            ready, line = self._recovery.ready(self._config.timeout)
        except Exception as error:
            self._dispatcher.log_exception("rrdcached", error)
            return False
        if line:
            self._dispatcher.log(line, line)
        return ready

    def _buffered(self, fresh: Sequence[Any], stores: bool) -> Sequence[Any]:
        """Return what shall be stored now of daemons that cannot be asked again."""
        if self._recovery is None:
            return fresh
        self._recovery.buffer.add(fresh)
        return self._recovery.buffer.release() if stores else ()

    def _load(self) -> None:
        """Read what outlives a restart: cursors, and the topics that have series."""
        loads = [(self._table.topic_names.load, topics_file(self._config.state_file))]
        if self._config.state_file and self._reader:
            loads.append((self._reader.cursors.load, self._config.state_file))
            loads.append((self._evidence.load, evidence_file(self._config.state_file)))
        for load, path in loads:
            try:
                load(path)
            except Exception as error:  # whatever is in a file, daemons are read
                collectd.warning(printable(f"collectd_fedmsg: begins without {path}: {error}"))

    def _save(self) -> None:
        saves = [(self._table.topic_names.save, topics_file(self._config.state_file))]
        if self._config.state_file and self._reader:
            saves.append((self._reader.cursors.save, self._config.state_file))
        for save, path in saves:
            try:
                save(path)
            except OSError as error:
                self._dispatcher.log(str(path), f"{path}: not saved: {error}")


def topics_file(state_file: Path | None) -> Path:
    """Return the file with the names of topics that have series: next to the StateFile.

    Without one, in collectd's BaseDir, which is its working folder.
    """
    if state_file is None:
        return Path("collectd_fedmsg.topics.json")
    return state_file.with_name(f"{state_file.stem}.topics.json")


def evidence_file(state_file: Path) -> Path:
    """Return where evidence is kept for the page: next to the StateFile."""
    return state_file.with_name(f"{state_file.stem}.evidence")


def own_host() -> str:
    """Return the name that collectd gives to values of this host, which its Python API lacks."""
    try:
        name = ctypes.c_char_p.in_dll(ctypes.CDLL(None), "hostname_g").value
    except ValueError:
        return ""
    return (name or b"").decode("utf-8", "replace").replace("/", "_")


plugin = Plugin()
collectd.register_config(plugin.configure)
collectd.register_init(plugin.init)
collectd.register_shutdown(plugin.shutdown)
