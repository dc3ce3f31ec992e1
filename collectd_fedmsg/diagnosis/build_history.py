"""Samples of a daemon's own ring → the history that is judged; reads no socket.

Refuses to bridge a gap: where a sample is missing the rates over it are unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CounterReset
from ..protocol.sample import Sample
from ..rates import MICROSECONDS, between
from .history import BY_TOPIC, Column, History


def history(samples: Sequence[Sample], interval: float) -> History | None:
    """Return one consumer's history on a grid of ``interval`` seconds; None from fewer than two.

    Args:
        samples: of one run of the daemon, oldest first.
        interval: seconds between samples.
    """
    if len(samples) < 2 or interval <= 0:
        return None
    end = samples[-1].time
    size = round((end - samples[0].time) / interval)
    if not 0 < size <= 100_000:
        return None
    last = samples[-1]
    names = ("received", "processed", "failed", "rejected", "busy")
    rates: dict[str, list[float | None]] = {name: [None] * size for name in names}
    by_topic: dict[str, dict[str, list[float | None]]] = {
        name: {topic: [None] * size for topic in getattr(last, name)} for name in BY_TOPIC}
    levels: dict[str, list[float | None]] = {
        name: [None] * size for name in ("backlog", "in_progress", "oldest", "delay", "workers")}
    for earlier, later in zip(samples, samples[1:]):
        index = size - 1 - round((end - later.time) / interval)
        seconds = later.time - earlier.time
        if not 0 <= index < size or not 0 < seconds < 1.5 * interval:
            continue
        try:
            between(earlier, later)
        except CounterReset:
            continue
        for name in names:
            rates[name][index] = (getattr(later, name) - getattr(earlier, name)) / seconds
        for name, columns in by_topic.items():
            before, after = getattr(earlier, name), getattr(later, name)
            for topic, column in columns.items():
                # The daemon counts the topics that weigh most: others come and go.
                if topic in before and topic in after and after[topic] >= before[topic]:
                    column[index] = (after[topic] - before[topic]) / seconds
        for name, column in levels.items():
            value = getattr(later, name)
            column[index] = None if value is None else float(value)
    oldest: Column = [0.0 if x is None and levels["backlog"][i] == 0 else x
                      for i, x in enumerate(levels["oldest"])]
    return History(
        step=interval, end=end, received=rates["received"], processed=rates["processed"],
        backlog=levels["backlog"], failed=rates["failed"], rejected=rates["rejected"],
        busy=_seconds(rates["busy"]),
        in_progress=levels["in_progress"], oldest=oldest, delay=levels["delay"],
        workers=levels["workers"], topics=by_topic["topics"],
        topic_processed=by_topic["topic_processed"], topic_busy={
            topic: _seconds(column) for topic, column in by_topic["topic_busy"].items()},
        observable=last.observable, alive=True, name=last.consumer)


def _seconds(column: Sequence[float | None]) -> Column:
    return [None if x is None else x / MICROSECONDS for x in column]
