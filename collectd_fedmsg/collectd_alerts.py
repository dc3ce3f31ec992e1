"""Evaluate the alert rules within collectd; every notification target is an output.

``Import "collectd_fedmsg.collectd_alerts"``. Sees what passes through this collectd, also from
other hosts by the network plugin; a silent collectd is noticed by the one that hears of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import collectd

from .alerts.outputs.collectd import notified
from .alerts.rules import RuleSet
from .alerts.service import EvaluatorLoop, Sight
from .bounded_log import BoundedLog
from .collector.config import Option, read_options, single
from .collector.live_evidence import explained
from .collector.live_series import Live
from .commands.paging import observations
from .config_check import Checker
from .config_values import absolute_path, number
from .errors import ConfigError, HealthError, described
from .metrics import PLUGIN
from .names import escape, printable
from .reader.evidence_files import EVIDENCE_FILES, EvidenceFiles

PLACE = 'collectd.conf, <Module "collectd_fedmsg.collectd_alerts">'
OPTIONS: Mapping[str, Option] = {
    "Rules": Option("rules", single(absolute_path)),
    "State": Option("state", single(absolute_path)),
    "Evidence": Option("evidence", single(absolute_path)),
    "Interval": Option("interval", single(number(1, 3600, "seconds"))),
}


class Notifications:
    """The output: each alert of a notice becomes a notification."""

    def send(self, payload: Mapping[str, Any]) -> None:
        """Dispatch them; collectd hands each to all its targets before this returns."""
        severities = {
            "info": collectd.NOTIF_WARNING,
            "warning": collectd.NOTIF_WARNING,
            "critical": collectd.NOTIF_FAILURE,
        }
        for alert in notified(payload):
            subject = alert["subject"]
            over = alert["cleared"] is not None
            note = collectd.Notification(
                host=subject["host"],
                plugin=PLUGIN,
                plugin_instance=escape(subject["service"]),
                type="queue_length",
                type_instance=escape(subject["consumer"]),
            )
            note.dispatch(
                message=alert["short"],
                time=payload["at"],
                severity=collectd.NOTIF_OKAY if over else severities[alert["severity"]],
            )


class Alerts:
    """What collectd calls."""

    def __init__(self) -> None:
        self._rules, self._state = Path(), Path("/var/lib/collectd-fedmsg/alerts-collectd.db")
        self._interval = 10.0
        self._evidence = EvidenceFiles(EVIDENCE_FILES)
        self._live, self._lock = Live(), threading.Lock()
        self._service: EvaluatorLoop | None = None
        self._complaints = BoundedLog()

    def configure(self, node: Any) -> None:
        """Read the block; a mistake is one line in the log, and then nothing is evaluated."""
        checker = Checker(PLACE)
        try:
            read = read_options(node, OPTIONS, checker)
            if "rules" not in read and not checker.mistakes:
                checker.wrong("Rules", None, "is missing")
            checker.finish()
        except ConfigError as error:
            for mistake in error.all:
                collectd.error(printable(str(mistake)))
            return
        self._rules = read["rules"]
        self._state = read.get("state", self._state)
        self._interval = read.get("interval", self._interval)
        self._evidence = EvidenceFiles(str(read.get("evidence", EVIDENCE_FILES)))
        collectd.register_init(self.init)

    def init(self) -> None:
        """Begin; called after collectd has forked."""
        logging.getLogger("collectd_fedmsg.alerts").addHandler(_ToCollectd(self._log))
        collectd.register_write(self.write)
        collectd.register_read(self.read, self._interval, name="fedmsg-alerts")
        collectd.register_shutdown(self.shutdown)

    def write(self, values: Any) -> None:
        """Take a value on its way to the writers; never raises and never waits for long."""
        try:
            with self._lock:
                self._live.take(
                    values.host,
                    (values.plugin, values.plugin_instance),
                    (values.type, values.type_instance),
                    at=values.time,
                    interval=values.interval,
                    value=float(values.values[0]),
                )
        except Exception as error:
            self._log(f"write: {described(error)}")

    def read(self) -> None:
        """Make a step; never raises: collectd would call ever more rarely."""
        try:
            if self._service is None:
                self._service = EvaluatorLoop(
                    self._rules, self._state, self.observe, here=Notifications(), adapt=for_collectd
                )
            self._service.once(time.time())
        except (HealthError, OSError) as error:
            self._log(str(error))
        except BaseException as error:  # also what a library raises to end the program
            self._log(f"read: {described(error)}")

    def observe(self, now: float) -> Sight:
        """Return the observations until ``now`` (epoch seconds)."""
        with self._lock:
            whole, beats = self._live.judgement(now), dict(self._live.beats)
            doubled = self._live.doubled()
        for host in doubled:
            self._log(
                f"two collectds send as {host}: their totals alternate in one series, which"
                " looks like restarts; give each its own Hostname"
            )
        whole = explained(whole, self._evidence.by_daemon())
        return observations(whole, beats=beats), whole.incidents

    def shutdown(self) -> None:
        """Close the database."""
        if self._service is not None:
            self._service.close()

    def _log(self, line: str) -> None:
        for clean in self._complaints.lines(line[:60], line, time.monotonic()):
            collectd.warning(f"collectd_fedmsg alerts: {clean}")


class _ToCollectd(logging.Handler):
    def __init__(self, log: Any) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the evaluator's log to collectd: mistakes in the rules, a database that fails."""
        self._log(record.getMessage())


def for_collectd(rules: RuleSet) -> RuleSet:
    """Return the rules with notifications as the only output: the service has the others."""
    return rules.with_outputs_of("collectd")


alerts = Alerts()
collectd.register_config(alerts.configure)
