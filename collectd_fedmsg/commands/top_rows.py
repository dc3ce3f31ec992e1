"""What ``top`` remembers of each daemon between rounds; reads no socket, no clock.

A daemon that ends is not forgotten at once: it is DOWN for ``REMEMBERED_SECONDS``, unless
another run of it has taken its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectd_fedmsg import rates
from collectd_fedmsg.diagnosis import build_history as rings
from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.diagnosis.where import with_evidence
from collectd_fedmsg.errors import CounterReset
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.wire import Origin
from collectd_fedmsg.reader.collect import Harvest

#: Samples kept of each consumer: what a daemon's ring holds by default.
MAX_SAMPLES = 360
REMEMBERED_SECONDS = 600.0
#: Severity of a daemon that does not answer: somebody should look now.
URGENT = 3
#: States of daemons that do not answer; they come first.
SILENT = ("DOWN", "SILENT")


@dataclass(frozen=True)
class Row:
    """One line of the view. Rates in messages/s, ``oldest`` in s; None is not known."""

    name: str
    state: str
    severity: int
    evidence: str
    received: int
    processed: int
    backlog: int | None
    arrival_rate: float | None
    completion_rate: float | None
    oldest: float | None


@dataclass
class Watched:
    """One consumer of one run of a daemon."""

    origin: Origin
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    #: Wall time (s) at which it was seen to be gone, None while it is there.
    gone: float | None = None
    silent: bool = False
    #: Time of the sample judged last, and what was found: state, severity, evidence.
    judged: tuple[float, str, int, str] = (0.0, "", 0, "")


class Watch:
    """Every daemon that answered, by endpoint and consumer."""

    def __init__(self) -> None:
        self._watched: dict[tuple[str, str], Watched] = {}

    def note(self, harvest: Harvest, now: float) -> None:
        """Take in one look at all daemons, at ``now`` (s since the epoch)."""
        for endpoint, origin, samples in harvest.fresh:
            for sample in samples:
                watched = self._watched.setdefault((endpoint, sample.consumer), Watched(origin))
                if watched.origin.run != origin.run:
                    watched = self._watched[endpoint, sample.consumer] = Watched(origin)
                watched.samples.append(sample)
        for (endpoint, _), watched in self._watched.items():
            watched.silent = endpoint in harvest.silent
            there = watched.silent or endpoint in harvest.heads or endpoint in harvest.errors
            watched.gone = None if there else watched.gone or now
        here = {
            (watched.origin.service, consumer)
            for (_, consumer), watched in self._watched.items()
            if watched.gone is None
        }
        for key, watched in list(self._watched.items()):
            replaced = (watched.origin.service, key[1]) in here
            if watched.gone is not None and (replaced or now - watched.gone > REMEMBERED_SECONDS):
                del self._watched[key]

    def rows(self, now: float) -> list[Row]:
        """Return a row for each consumer, worst first."""
        return sorted(
            self._rows(now),
            key=lambda row: (
                -row.severity,
                row.state not in SILENT,
                -(row.oldest or 0.0),
                -(row.backlog or 0),
                row.name,
            ),
        )

    def _rows(self, now: float) -> Iterator[Row]:
        names = [
            (watched.origin.service, consumer) for (_, consumer), watched in self._watched.items()
        ]
        for (_, consumer), watched in self._watched.items():
            service, last = watched.origin.service, watched.samples[-1]
            twice = names.count((service, consumer)) > 1
            state, severity, evidence = _state(watched, now)
            # The last sample says nothing about now when it is old.
            known = not watched.gone and not watched.silent and state != "UNKNOWN"
            arriving, completing = _rates(watched.samples) if known else (None, None)
            visible = last.observable and known
            which = f"{service}.{watched.origin.pid}" if twice else service
            yield Row(f"{which}/{consumer}", state, severity, evidence, last.received,
                      last.processed, last.backlog if visible else None, arriving, completing,
                      last.oldest if visible else None)  # fmt: skip


def _state(watched: Watched, now: float) -> tuple[str, int, str]:
    """Return the state's word, its severity and a sentence."""
    last = watched.samples[-1]
    if watched.gone is not None:
        lost = f", {last.backlog} messages were in its queue" if last.backlog else ""
        return "DOWN", URGENT, f"gone since {now - watched.gone:.0f} s{lost}"
    if watched.silent:
        return "SILENT", URGENT, f"does not answer; last sample {now - last.time:.0f} s ago"
    if watched.judged[0] != last.time:
        samples = list(watched.samples)
        judged = judge(rings.history(samples, watched.origin.interval), last.time)
        cause = with_evidence(judged, samples).findings[0]
        watched.judged = (
            last.time,
            cause.verdict.name,
            cause.verdict.severity,
            "; ".join(cause.evidence),
        )
    if now - last.time > 3 * watched.origin.interval:
        return "UNKNOWN", 2, f"no sample since {now - last.time:.0f} s"
    return watched.judged[1:]


def _rates(samples: deque[Sample]) -> tuple[float | None, float | None]:
    if len(samples) < 2:
        return None, None
    try:
        both = rates.between(samples[-2], samples[-1])
    except (CounterReset, ValueError):
        return None, None
    return both.arrival_rate, both.completion_rate
