"""What ``top`` knows of every daemon from one look to the next; reads no socket, no clock.

A daemon that ends is not forgotten at once: it is DOWN for ``REMEMBERED`` seconds, unless
another run of it has taken its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectd_fedmsg import rates
from collectd_fedmsg.diagnosis import build_history as rings
from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.diagnosis.where import explained
from collectd_fedmsg.errors import CounterReset
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.wire import Origin
from collectd_fedmsg.reader.collect import Harvest

#: Samples kept of each consumer: what a daemon's ring holds by default.
KEPT = 360
REMEMBERED = 600.0
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
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    #: Wall time (s) at which it was seen to be gone, None while it is there.
    gone: float | None = None
    silent: bool = False
    said: tuple[float, str, int, str] = (0.0, "", 0, "")


class Watch:
    """Every daemon that answered, by endpoint and consumer."""

    def __init__(self) -> None:
        self._watched: dict[tuple[str, str], Watched] = {}

    def note(self, harvest: Harvest, now: float) -> None:
        """Take in one look at all daemons, at ``now`` (s since the epoch)."""
        for endpoint, origin, samples in harvest.fresh:
            for sample in samples:
                one = self._watched.setdefault((endpoint, sample.consumer), Watched(origin))
                if one.origin.run != origin.run:
                    one = self._watched[endpoint, sample.consumer] = Watched(origin)
                one.samples.append(sample)
        for (endpoint, _), one in self._watched.items():
            one.silent = endpoint in harvest.silent
            there = one.silent or endpoint in harvest.heads or endpoint in harvest.errors
            one.gone = None if there else one.gone or now
        here = {(one.origin.service, consumer)
                for (_, consumer), one in self._watched.items() if one.gone is None}
        for key, one in list(self._watched.items()):
            replaced = (one.origin.service, key[1]) in here
            if one.gone is not None and (replaced or now - one.gone > REMEMBERED):
                del self._watched[key]

    def rows(self, now: float) -> list[Row]:
        """Return a row for each consumer, worst first."""
        return sorted(self._rows(now), key=lambda row: (
            -row.severity, row.state not in SILENT, -(row.oldest or 0.0),
            -(row.backlog or 0), row.name))

    def _rows(self, now: float) -> Iterator[Row]:
        names = [(one.origin.service, consumer) for (_, consumer), one in self._watched.items()]
        for (_, consumer), one in self._watched.items():
            service, last = one.origin.service, one.samples[-1]
            twice = names.count((service, consumer)) > 1
            state, severity, evidence = _state(one, now)
            # What was so at the last sample is not so now, when that was long ago.
            known = not one.gone and not one.silent and state != "UNKNOWN"
            arriving, completing = _rates(one.samples) if known else (None, None)
            seen = last.observable and known
            which = f"{service}.{one.origin.pid}" if twice else service
            yield Row(f"{which}/{consumer}", state, severity, evidence, last.received,
                      last.processed, last.backlog if seen else None, arriving, completing,
                      last.oldest if seen else None)  # fmt: skip


def _state(one: Watched, now: float) -> tuple[str, int, str]:
    """Return the state's word, its severity and a sentence."""
    last = one.samples[-1]
    if one.gone is not None:
        lost = f", {last.backlog} messages were in its queue" if last.backlog else ""
        return "DOWN", URGENT, f"gone since {now - one.gone:.0f} s{lost}"
    if one.silent:
        return "SILENT", URGENT, f"does not answer; last sample {now - last.time:.0f} s ago"
    if one.said[0] != last.time:
        found = judge(rings.history(list(one.samples), one.origin.interval), last.time)
        cause = found.findings[0]
        where = explained(list(one.samples), cause.verdict, cause.since)
        one.said = (last.time, cause.verdict.name, cause.verdict.rank,
                    "; ".join((*cause.evidence, *where)))
    if now - last.time > 3 * one.origin.interval:
        return "UNKNOWN", 2, f"no sample since {now - last.time:.0f} s"
    return one.said[1:]


def _rates(samples: deque[Sample]) -> tuple[float | None, float | None]:
    if len(samples) < 2:
        return None, None
    try:
        both = rates.between(samples[-2], samples[-1])
    except (CounterReset, ValueError):
        return None, None
    return both.arrival_rate, both.completion_rate
