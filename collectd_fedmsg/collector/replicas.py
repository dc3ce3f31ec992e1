"""Sum the numbers of replicas that start and end into one row.

A row's totals only grow: a replica that begins again adds what it counts from then on, one that
ends takes nothing away. What a replica had counted before it was first heard is left out, for
nobody knows when that was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..protocol.sample import REPLICA_MARK, Sample
from .sources.base import CONSUMER, PartialSample, SampleOrigin

TOTALS = ("received", "processed", "failed", "rejected", "busy")
#: By topic, each with the total that it is a part of.
BY_TOPIC = {"topics": "received", "topic_processed": "processed", "topic_busy": "busy"}
SUMMED_GAUGES = ("backlog", "in_progress", "workers", "consuming")
#: Of these the row has the highest: a percentile of several replicas is at most the slowest's.
HIGHEST_GAUGES = ("oldest", "delay", "service_p50", "service_p95", "service_p99", "service_max")
#: Seconds after which a replica that is not heard is forgotten; as long as a daemon's ring.
FORGOTTEN_SECONDS = 3600.0
#: Seconds (or two of its intervals) after which a service's queue is listed by the broker, if it is
#: there: before that its samples would be stored in another row than later.
MIN_LISTED_SECONDS = 15.0


@dataclass
class _Replica:
    """The last sample of one replica, and its samples that are not in the row yet."""

    last: Sample | PartialSample | None = None
    pending: list[Sample | PartialSample] = field(default_factory=list)
    #: The last total of each topic that was ever named: the 20 that are change.
    topics: dict[str, dict[str, int]] = field(default_factory=lambda: {n: {} for n in BY_TOPIC})


class ReplicaSum:
    """One row: the sum of its replicas."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self.replicas: dict[str, _Replica] = {}
        self._totals: dict[str, int] = {}
        self._topics: dict[str, dict[str, int]] = {name: {} for name in BY_TOPIC}

    def add(self, replica: str, samples: Iterable[Sample | PartialSample]) -> None:
        """Take a replica's new samples, oldest first."""
        self.replicas.setdefault(replica, _Replica()).pending.extend(samples)

    def take(self, heard: Iterable[str], now: float) -> list[PartialSample]:
        """Return the row at each time that every replica has reached, oldest first.

        Args:
            heard: the replicas that answered in this round; others are not waited for.
            now: seconds since the epoch.
        """
        living = {name: self.replicas[name] for name in heard if name in self.replicas}
        newest = [_newest(replica) for replica in living.values()]
        until = min((time for time in newest if time is not None), default=None)
        if until is None:
            return []
        times = sorted(
            {
                sample.time
                for replica in self.replicas.values()
                for sample in replica.pending
                if sample.time <= until
            }
        )
        rows = [self._at(time, living) for time in times]
        for name, replica in list(self.replicas.items()):
            if replica.last is not None and now - replica.last.time > FORGOTTEN_SECONDS:
                del self.replicas[name]
        return rows

    def _at(self, time: float, living: Mapping[str, _Replica]) -> PartialSample:
        for replica in self.replicas.values():
            while replica.pending and replica.pending[0].time <= time:
                sample = replica.pending.pop(0)
                self._count(replica, sample)
                replica.last = sample
        lasts = [replica.last for replica in living.values() if replica.last is not None]
        values: dict[str, Any] = dict(self._totals)
        for names, together in ((SUMMED_GAUGES, sum), (HIGHEST_GAUGES, max)):
            for name in names:
                known = [
                    value for last in lasts if (value := getattr(last, name, None)) is not None
                ]
                values[name] = together(known) if known else None
        values.update((name, dict(totals)) for name, totals in self._topics.items())
        return PartialSample(
            self._consumer, time, **values, observable=all(last.observable for last in lasts)
        )

    def _count(self, replica: _Replica, sample: Sample | PartialSample) -> None:
        grown: dict[str, int] = {}
        for name in TOTALS:
            total = getattr(sample, name)
            if total is not None:
                before = getattr(replica.last, name) if replica.last else None
                grown[name] = _growth(before, total)
                self._totals[name] = self._totals.get(name, 0) + grown[name]
        for name, whole in BY_TOPIC.items():
            for topic, total in getattr(sample, name).items():
                # One that was not named before is new, or was among the others: at most so much.
                before = replica.topics[name].get(topic, max(0, total - grown.get(whole, 0)))
                topics = self._topics[name]
                topics[topic] = topics.get(topic, 0) + _growth(before, total)
                replica.topics[name][topic] = total


class ReplicaRows:
    """The rows of all daemons that say they are replicas: ``name#replica``.

    Those of a service whose queue a broker reports are in the queue's row, which is this host's.

    Args:
        place: endpoint → the host that its series get.
        has_queue: whether a broker's queue has a service's name; None while that is not known.
            Without it no broker is read.
    """

    def __init__(
        self, place: Callable[[str], str], has_queue: Callable[[str], bool | None] | None = None
    ) -> None:
        self._place = place
        self._has_queue = has_queue
        self._sums: dict[tuple[str, str, str], ReplicaSum] = {}
        self._services: set[str] = set()
        #: When each service's replicas were first heard, and samples of those whose place is open.
        self._heard_at: dict[str, float] = {}
        self._held: list[tuple[str, Any, Sample]] = []
        #: Of each row: the endpoints of its replicas, and the seconds between its samples.
        self._endpoints: dict[tuple[str, str, str], dict[str, float]] = {}

    def counts_inside(self, service: str) -> bool:
        """Return whether a service was ever counted from inside: its monitor has fewer metrics."""
        return service in self._services

    def take(
        self, fresh: Iterable[tuple[str, Any, Sequence[Sample]]], heard: Container[str], now: float
    ) -> tuple[
        list[tuple[str, Any, list[Sample]]], list[tuple[str, SampleOrigin, list[PartialSample]]]
    ]:
        """Return a round's samples without those of replicas, and the rows of these.

        Args:
            fresh: endpoint, origin and new samples.
            heard: the endpoints that answered.
            now: seconds since the epoch.
        """
        others = []
        for endpoint, origin, samples in fresh:
            others.append(
                (
                    endpoint,
                    origin,
                    [sample for sample in samples if REPLICA_MARK not in sample.consumer],
                )
            )
            self._held.extend(
                (endpoint, origin, sample) for sample in samples if REPLICA_MARK in sample.consumer
            )
        held, self._held = self._held, []
        for endpoint, origin, sample in held:
            self._add(endpoint, origin, sample, now)
        rows = []
        for key, total in self._sums.items():
            there = [endpoint for endpoint in self._endpoints[key] if endpoint in heard]
            summed = total.take(there, now)
            if summed:
                joined = self._is_joined(*key[1:])
                rows.append(
                    (
                        key[1] if joined else there[0],
                        SampleOrigin(key[1], self._endpoints[key][there[0]]),
                        [beside_queue(sample) for sample in summed] if joined else summed,
                    )
                )
            self._endpoints[key] = {
                endpoint: interval
                for endpoint, interval in self._endpoints[key].items()
                if endpoint in total.replicas
            }
        return others, rows

    def _add(self, endpoint: str, origin: Any, sample: Sample, now: float) -> None:
        """Add a sample to its row; hold it while the service's queue may not be listed yet."""
        name, service = sample.consumer.partition(REPLICA_MARK)[0], origin.service
        self._services.add(service)
        joined = self._is_joined(service, name)
        first = self._heard_at.setdefault(service, now)
        if (
            not joined
            and name == CONSUMER
            and self._has_queue is not None
            and 0 <= now - first < max(MIN_LISTED_SECONDS, 2 * origin.interval)
        ):
            self._held.append((endpoint, origin, sample))
            return
        key = ("" if joined else self._place(endpoint), service, name)
        self._sums.setdefault(key, ReplicaSum(name)).add(endpoint, [sample])
        self._endpoints.setdefault(key, {})[endpoint] = origin.interval

    def _is_joined(self, service: str, consumer: str) -> bool:
        return (
            consumer == CONSUMER
            and self._has_queue is not None
            and self._has_queue(service) is not False
        )


def beside_counts(sample: PartialSample) -> PartialSample:
    """Return a monitor's sample without metrics that the counting inside has better."""
    return replace(beside_queue(sample), failed=None, rejected=None, in_progress=None)


def beside_queue(sample: PartialSample) -> PartialSample:
    """Return a service's sample without the metrics that its broker's queue has more exactly."""
    return replace(sample, received=None, processed=None, backlog=None, oldest=None, workers=None)


def _newest(replica: _Replica) -> float | None:
    if replica.pending:
        return replica.pending[-1].time
    return replica.last.time if replica.last else None


def _growth(before: int | None, total: int) -> int:
    """Return what a total grew by; one that shrank began again from 0."""
    if before is None:
        return 0
    return total - before if total >= before else total
