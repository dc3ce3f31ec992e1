"""What daemons say of themselves: at what they are slow, their versions, their slowest messages.

From the files that collectd's plugin keeps, and from the rings of this host's daemons where it
may ask them. Asked at most every few seconds and bounded in time; without an answer nothing is
added.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from collectd_fedmsg.diagnosis.judgement import Judged
from collectd_fedmsg.diagnosis.where import MIN_SEVERITY, with_evidence
from collectd_fedmsg.protocol.about import SlowMessage
from collectd_fedmsg.protocol.changes import Change, newest_first
from collectd_fedmsg.reader.collect import latest
from collectd_fedmsg.reader.evidence_files import DaemonEvidence, Daemons, EvidenceFiles

#: Seconds for which an answer is used again, and that asking this host's daemons may take.
FRESH_SECONDS, TIMEOUT_SECONDS = 10.0, 1.0
#: Seconds by which a moment may be past and still count as the present, of which evidence is.
PRESENT_SECONDS = 60.0
#: Returns what people noted of a daemon (its id), as changes, at a moment (epoch seconds).
Notes = Callable[[str, float], Sequence[Change]]
_log = logging.getLogger(__name__)


class Inside:
    """What daemons say of themselves, by host and service.

    Args:
        sockets: a glob of this host's daemons' socket files; empty: they are not asked.
        files: a glob of the files that collectd's plugins keep; empty: none.
        notes: of the daemons, e.g. that one was deployed.
        fresh: seconds that a look is as good as new.
    """

    def __init__(
        self,
        sockets: str = "",
        files: str = "",
        notes: Notes = lambda *_: (),
        fresh: float = FRESH_SECONDS,
    ) -> None:
        self._fresh = fresh
        self._sockets = sockets
        self._files = EvidenceFiles(files)
        self._notes = notes
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._daemons: Daemons = {}

    def explain(self, judged: Judged, now: float) -> Judged:
        """Return a judgement at ``now`` (epoch seconds) with what its daemon says of the cause."""
        cause = judged.diagnosis.findings[0]
        if cause.verdict.severity < MIN_SEVERITY or abs(time.time() - now) > PRESENT_SECONDS:
            return judged
        daemon = self.of(judged.host, judged.service)
        samples = daemon.recent(judged.consumer, now)
        changes = (*daemon.changes, *self._notes(judged.id, now))
        diagnosis = with_evidence(judged.diagnosis, samples, changes)
        return judged if diagnosis is judged.diagnosis else replace(judged, diagnosis=diagnosis)

    def of(self, host: str, service: str) -> DaemonEvidence:
        """Return what a daemon says; nothing where it says nothing."""
        daemons = self._all()
        daemon = daemons.get((host, service))
        if daemon is None and is_this_host(host):
            daemon = daemons.get(("", service))
        return daemon or DaemonEvidence()

    def slowest(self, host: str, service: str, consumer: str) -> list[SlowMessage] | None:
        """Return a consumer's slowest messages of its last hour; None where nobody knows."""
        rows = self.of(host, service).about.slowest
        return None if rows is None else [row for row in rows if row.consumer == consumer]

    def changes(self, start: float, end: float) -> list[tuple[str, str, Change]]:
        """Return (host, service, change) of all daemons within [start, end], epoch seconds."""
        return [
            (host, service, change)
            for (host, service), daemon in self._all().items()
            for change in newest_first(daemon.changes)
            if start <= change.time <= end
        ]

    def _all(self) -> Daemons:
        with self._lock:
            if time.monotonic() - self._looked > self._fresh:
                try:
                    self._daemons = self._read()
                except Exception:
                    _log.exception("what daemons say of themselves is not read")
                self._looked = time.monotonic()
            return self._daemons

    def _read(self) -> Daemons:
        daemons = self._files.by_daemon()
        if self._sockets:
            self._ask(daemons)
        return daemons

    def _ask(self, daemons: Daemons) -> None:
        """Replace what files say of this host's daemons by what these say now."""
        harvest = latest([self._sockets], TIMEOUT_SECONDS, time.time())
        asked: dict[str, DaemonEvidence] = {}
        for reply in harvest.heads.values():
            asked.setdefault(reply.origin.service, DaemonEvidence()).about = reply.about
        for _, origin, samples in harvest.fresh:
            asked.setdefault(origin.service, DaemonEvidence()).add(samples)
        for service, daemon in asked.items():
            for (host, name), filed in daemons.items():
                if name == service and is_this_host(host):
                    daemon.changes = filed.changes
                    filed.about, filed.samples = daemon.about, daemon.samples
            daemons["", service] = daemon


def is_this_host(host: str) -> bool:
    """Return whether a series' host is the one that this process runs on."""
    return host == "localhost" or (host.partition(".")[0] == socket.gethostname().partition(".")[0])
