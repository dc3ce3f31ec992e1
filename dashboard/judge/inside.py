"""Ask this host's daemons where they spend their time: only their rings know it.

Only for daemons that ail, at most every few seconds, and bounded in time; without an answer
nothing is added.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import replace

from collectd_fedmsg.diagnosis.judgement import Judged
from collectd_fedmsg.diagnosis.where import EXPLAINED, explained
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest

#: Seconds that a look at the rings is as good as new, and that it may take.
FRESH_SECONDS, TIMEOUT_SECONDS = 10.0, 1.0
#: Seconds that a moment may be past to be the present, which rings are of.
PRESENT_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Inside:
    """What the daemons of this host say of themselves.

    Args:
        sockets: a glob of their socket files; empty: nobody is asked.
    """

    def __init__(self, sockets: str) -> None:
        self._sockets = sockets
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._rings: dict[tuple[str, str], list[Sample]] = {}

    def explain(self, judged: Judged, now: float) -> Judged:
        """Return a judgement at ``now`` (epoch seconds) with what its daemon says of the cause."""
        cause = judged.diagnosis.findings[0]
        if (
            not self._sockets
            or cause.verdict not in EXPLAINED
            or not _here(judged.host)
            or abs(time.time() - now) > PRESENT_SECONDS
        ):
            return judged
        ring = self._all().get((judged.service, judged.consumer), [])
        sentences = explained(ring, cause.verdict, cause.since)
        if not sentences:
            return judged
        cause = replace(cause, evidence=(*cause.evidence, *sentences))
        findings = (cause, *judged.diagnosis.findings[1:])
        return replace(judged, diagnosis=replace(judged.diagnosis, findings=findings))

    def _all(self) -> dict[tuple[str, str], list[Sample]]:
        with self._lock:
            if time.monotonic() - self._looked > FRESH_SECONDS:
                try:
                    self._rings = self._read()
                except Exception:
                    _log.exception("%s are not read", self._sockets)
                self._looked = time.monotonic()
            return self._rings

    def _read(self) -> dict[tuple[str, str], list[Sample]]:
        rings: dict[tuple[str, str], list[Sample]] = {}
        for _, origin, samples in latest([self._sockets], TIMEOUT_SECONDS, time.time()).fresh:
            for sample in samples:
                rings.setdefault((origin.service, sample.consumer), []).append(sample)
        return rings


def _here(host: str) -> bool:
    return host == "localhost" or (host.partition(".")[0] == socket.gethostname().partition(".")[0])
