"""Which series may exist, and a sample as (type, type instance, value) of each; pure.

Each series is a file on some disk, so their number is bounded per host and per consumer,
whatever names daemons make up. Names are escaped once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..metrics import BY_NAME, TOPIC_TYPE, TopicMetric
from ..protocol.sample import Sample
from .sources.base import PartialSample

#: Topics of one consumer that may have files; a daemon names its 20 busiest at a time.
MOST_TOPICS = 100
#: What nobody can see in blocking mode, where messages wait in a socket's buffer.
UNSEEN = ("backlog", "oldest")


class Series:
    """The series of one consumer."""

    def __init__(self, consumer: str, by_topic: Sequence[TopicMetric]) -> None:
        self._metrics = [
            (metric.name, metric.collectd_type, metric.type_instance(consumer))
            for metric in BY_NAME.values()
        ]
        self._by_topic = by_topic
        self._topics: dict[str, list[str]] = {}

    def values(self, sample: Sample | PartialSample) -> Iterator[tuple[str, str, float]]:
        """Yield collectd's type, type instance and the value, in the metric's own unit."""
        for name, kind, instance in self._metrics:
            value = getattr(sample, name, None)
            if value is not None and (sample.observable or name not in UNSEEN):
                yield kind, instance, value
        for place, metric in enumerate(self._by_topic):
            for topic, total in getattr(sample, metric.field).items():
                instances = self._instances(sample.consumer, topic)
                if instances:
                    yield TOPIC_TYPE, instances[place], total

    def _instances(self, consumer: str, topic: str) -> list[str]:
        found = self._topics.get(topic)
        if found is None:
            if len(self._topics) >= MOST_TOPICS:
                return []
            found = [metric.type_instance(consumer, topic) for metric in self._by_topic]
            self._topics[topic] = found
        return found


class Admission:
    """The consumers that have series, at most ``most`` of a host."""

    def __init__(self, most: int, by_topic: Sequence[TopicMetric]) -> None:
        self._most = most
        self._by_topic = by_topic
        self._series: dict[tuple[str, str, str], Series] = {}
        self._counts: Counter[str] = Counter()

    def find(self, host: str, service: str, consumer: str) -> Series | None:
        """Return a consumer's series; None when it is one too many."""
        key = (host, service, consumer)
        found = self._series.get(key)
        if found is None and self._counts[host] < self._most:
            found = self._series[key] = Series(consumer, self._by_topic)
            self._counts[host] += 1
        return found
