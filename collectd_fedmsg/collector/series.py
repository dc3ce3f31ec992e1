"""Which series may exist, and a sample as (type, type instance, value) of each.

Each series is a file on some disk, so their number is bounded per user of a host, per service and
per consumer, whatever names daemons make up. Names are escaped once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..metrics import BY_NAME, TOPIC_TYPE, TopicMetric
from ..protocol.sample import OTHER, Sample
from .sources.base import PartialSample
from .topic_names import Consumer, TopicNames

#: What nobody can see in blocking mode, where messages wait in a socket's buffer.
HIDDEN = ("backlog", "oldest")
#: Consumers that one service may have of the last RESERVED_SHARE of its user's: who has more
#: already leaves that to others.
FEW_CONSUMERS, RESERVED_SHARE = 16, 4
#: The consumer's total of what a metric counts by topic.
TOTALS = {"topics": "received", "topic_processed": "processed", "topic_busy": "busy"}


@dataclass
class _Rest:
    """What topics without series of their own have of one total; it only grows."""

    total: int = 0
    #: The last sample's, by topic, and of the consumer as a whole.
    before: Mapping[str, int] = field(default_factory=dict)
    whole: int | None = None
    #: Whether a topic without a series was ever reported: until then "other" is the daemon's.
    mixed: bool = False

    def grow(self, totals: Mapping[str, int], whole: int | None, named: set[str]) -> int:
        """Return the total of all but ``named`` after one more sample.

        The growth of the whole, less that of the named: topics come and go in what a daemon
        reports, its total does not.
        """
        self.mixed = self.mixed or any(topic not in named and topic != OTHER for topic in totals)
        if not self.mixed or whole is None:
            self.total = max(self.total, totals.get(OTHER, 0))
        elif self.whole is not None and whole >= self.whole:
            grown = sum(
                max(0, total - self.before[topic])
                for topic, total in totals.items()
                if topic in named and topic in self.before
            )
            self.total += max(0, whole - self.whole - grown)
        self.before, self.whole = totals, whole
        return self.total


class ConsumerSeries:
    """The series of one consumer."""

    def __init__(self, key: Consumer, by_topic: Sequence[TopicMetric], names: TopicNames) -> None:
        self._key = key
        self._metrics = [
            (metric.name, metric.collectd_type, metric.type_instance(key[2]))
            for metric in BY_NAME.values()
        ]
        self._by_topic = by_topic
        self._names = names
        self._rests = [_Rest() for _ in by_topic]
        self._instances: dict[str, list[str]] = {}

    def values(
        self, sample: Sample | PartialSample, *, again: bool = False
    ) -> Iterator[tuple[str, str, float]]:
        """Yield collectd's type, type instance and the value, in the metric's own unit.

        Args:
            sample: later than the one before, unless ``again``.
            again: it was dispatched before and is stored once more.
        """
        for name, kind, instance in self._metrics:
            value = getattr(sample, name, None)
            if value is not None and (sample.observable or name not in HIDDEN):
                yield kind, instance, value
        if not self._by_topic or not (sample.topics or sample.topic_processed or sample.topic_busy):
            return
        named = self._names.note(self._key, () if again else sample.topics)
        for place, metric in enumerate(self._by_topic):
            totals = getattr(sample, metric.field)
            for topic, total in totals.items():
                if topic in named:
                    yield TOPIC_TYPE, self._instance(topic, place), total
            rest = self._rests[place]
            if again and rest.mixed:
                continue  # it was counted when it was new
            other = (
                totals.get(OTHER, 0)
                if again
                else rest.grow(totals, getattr(sample, TOTALS[metric.field]), named)
            )
            # From its first moment on, or its first growth would be none of a DERIVE.
            if other or rest.mixed:
                yield TOPIC_TYPE, self._instance(OTHER, place), other

    def _instance(self, topic: str, place: int) -> str:
        instances = self._instances.get(topic)
        if instances is None:
            instances = [metric.type_instance(self._key[2], topic) for metric in self._by_topic]
            self._instances[topic] = instances
        return instances[place]


class SeriesTable:
    """The consumers that have series, at most ``max_consumers`` of each user of a host."""

    def __init__(
        self, max_consumers: int, by_topic: Sequence[TopicMetric], names: TopicNames | None = None
    ) -> None:
        self._max_consumers = max_consumers
        self._by_topic = by_topic
        self.topic_names = names or TopicNames()
        self._series: dict[Consumer, ConsumerSeries] = {}
        self._of_user: Counter[tuple[str, str]] = Counter()
        self._of_service: Counter[tuple[str, str, str]] = Counter()

    def find(self, host: str, service: str, consumer: str, user: str = "") -> ConsumerSeries | None:
        """Return a consumer's series; None when it is one too many.

        ``user``: whose daemon it is; empty: of no user of this host.
        """
        key = (host, service, consumer)
        series = self._series.get(key)
        if series is None and self._has_room(host, service, user):
            series = self._series[key] = ConsumerSeries(key, self._by_topic, self.topic_names)
            self._of_user[host, user] += 1
            self._of_service[host, service, user] += 1
        return series

    def _has_room(self, host: str, service: str, user: str) -> bool:
        """Return whether a service may have one more: the last quarter is for those with few."""
        reserved = self._max_consumers // RESERVED_SHARE
        few = self._of_service[host, service, user] < FEW_CONSUMERS
        return self._of_user[host, user] < self._max_consumers - (0 if few else reserved)
