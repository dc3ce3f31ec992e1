"""What each topic of a daemon cost within a span: messages, worker time and its share of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectd_fedmsg.errors import SeriesError

from ..store.base import Daemon, Ref, Store
from ..store.series import Series, Window

#: Series by topic that a cost is made of: messages that ended per second, microseconds per second.
ENDED, BUSY = "topic_processed", "topic_busy"


@dataclass(frozen=True)
class TopicCost:
    """One topic: messages that ended, seconds of worker time, share of all topics' time (0 to 1).

    ``messages`` is None where only the time is known; ``share`` where no time was spent at all.
    """

    topic: str
    messages: float | None
    seconds: float
    share: float | None

    @property
    def per_message(self) -> float | None:
        """Seconds of worker time a message, None when none ended."""
        return self.seconds / self.messages if self.messages else None


def topic_costs(store: Store, daemon: Daemon, window: Window) -> list[TopicCost]:
    """Return the topics of which the worker time is known, the most expensive first.

    Raises:
        StoreError: the store cannot answer.
    """
    busy, ended = (daemon.by_topic.get(metric, {}) for metric in (BUSY, ENDED))
    store.prepare([*busy.values(), *ended.values()])
    seconds = _sums(store, busy, window)
    messages = _sums(store, ended, window)
    whole = sum(seconds.values()) / 1e6
    costs = [
        TopicCost(topic, messages.get(topic), spent / 1e6, spent / 1e6 / whole if whole else None)
        for topic, spent in seconds.items()
    ]
    return sorted(costs, key=lambda cost: (-cost.seconds, cost.topic))


def _sums(store: Store, refs: Mapping[str, Ref], window: Window) -> dict[str, float]:
    """Return what each series of rates added up to in the steps that are known."""
    sums = {}
    for topic, ref in refs.items():
        try:
            series = store.fetch(ref, "AVERAGE", window.start, window.end, window.resolution)
        except SeriesError:
            continue
        total = _sum(series)
        if total is not None:
            sums[topic] = total
    return sums


def _sum(series: Series) -> float | None:
    known = [rate for rate in series.points if rate is not None]
    return sum(known) * series.step if known else None
