"""Dispatch samples to collectd, and say how the reading goes; one read thread at a time.

A consumer whose values collectd refuses takes no other along. Everything that is logged is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import collectd

from ..bounded_log import BoundedLog
from ..errors import described
from ..metrics import PLUGIN
from ..names import escape, printable
from ..protocol.sample import REPLICA_MARK, Sample
from ..reader.cursors import Ended
from .config import PluginConfig
from .series import SeriesTable
from .sources.base import PartialSample

#: Our own health goes under this plugin name, so that it is never taken for a daemon.
SELF = "collectd_fedmsg"
#: Of a notification: collectd keeps 256 bytes, its NUL among them.
MAX_MESSAGE = 250


class Dispatcher:
    """Hands values, notifications and log lines to collectd.

    Args:
        config: the plugin's block.
        table: the series that there are.
        place: returns the host that an endpoint's series get.
        user: returns whose daemon answers as a service at an endpoint.
    """

    def __init__(
        self,
        config: PluginConfig,
        table: SeriesTable,
        place: Callable[[str], str] = str,
        user: Callable[[str, str], str] = lambda endpoint, service: "",
    ) -> None:
        self._config = config
        self._table = table
        self._place = place
        self._user = user
        #: Made after collectd has forked.
        self._values: Any = None
        self._bounded_log = BoundedLog()
        self._totals = {"bytes": 0, "samples": 0, "errors": 0}

    def dispatch_all(self, fresh: Iterable[tuple[str, Any, Sequence[Any]]]) -> None:
        """Dispatch samples by endpoint and origin, each with its own time."""
        for endpoint, origin, samples in fresh:
            host = self._place(endpoint)
            values = self._values = self._values or collectd.Values()
            values.host = host
            values.plugin = PLUGIN
            values.plugin_instance = escape(origin.service)
            values.interval = origin.interval
            if origin.interval < self._config.interval:
                self.log(
                    f"Interval {endpoint}",
                    f"{origin.service} samples every {origin.interval:g} s and is read every"
                    f" {self._config.interval:g} s: what is shown is as much late; set"
                    f" Interval {origin.interval:g}",
                )
            try:
                user = self._user(endpoint, origin.service)
                for sample in samples:
                    self._dispatch(host, origin.service, sample, user)
            except Exception as error:  # the other daemons are stored all the same
                self.count_failure(endpoint, error)

    def count(self, errors: Mapping[str, str], octets: int) -> None:
        """Count and log what went wrong in a round, by endpoint, and its bytes."""
        for endpoint, error in errors.items():
            self._totals["errors"] += 1
            self.log(endpoint, f"{endpoint}: {error}")
        self._totals["bytes"] += octets

    def _dispatch(self, host: str, service: str, sample: Sample | PartialSample, user: str) -> None:
        series = self._table.find(host, service, sample.consumer, user)
        if series is None:
            one_too_many = f"{service}/{sample.consumer!r:.80} is one too many: MaxConsumers"
            self.log(f"MaxConsumers {host} {user}", one_too_many)
            return
        values = self._values
        for kind, instance, value in series.values(sample):
            values.type = kind
            values.type_instance = instance
            values.dispatch(values=[value], time=sample.time)
        self._totals["samples"] += 1

    def tell(self, ended: Ended) -> None:
        """Notify that a run ended, and how many messages were lost in its queue."""
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

    def report(self, daemons: int, silent: int, seconds: float) -> None:
        """Dispatch the plugin's own health: daemons, bytes, errors, seconds of the round."""
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

    def count_failure(self, about: str, error: Exception) -> None:
        """Count an error and log it."""
        self._totals["errors"] += 1
        self.log_exception(about, error)

    def log_exception(self, about: str, error: BaseException) -> None:
        """Log an exception in one line."""
        self.log(f"{about} {type(error).__name__}", f"{about}: {described(error)}")

    def log(self, about: str, line: str) -> None:
        """Log a line, seldom where it repeats itself."""
        for row in self._bounded_log.lines(about, line, time.monotonic()):
            collectd.warning(f"collectd_fedmsg: {row}")
