"""Build a history from a ring's samples, or from series of a store or of collectd.

The one place where working time becomes worker-seconds. Refuses to bridge a gap: where a sample
is missing the rates over it are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import CounterReset
from ..protocol.sample import Sample
from ..rates import MICROSECONDS, between
from .history import BY_TOPIC, COLUMNS, Column, History, Restart

NEEDED = ("received", "processed", "backlog")
RATES = ("received", "processed", "failed", "rejected", "busy")
LEVELS = tuple(
    name
    for name in COLUMNS
    if name not in RATES and (name in Sample.__dataclass_fields__ or hasattr(Sample, name))
)
NONE: Mapping[str, Column] = {}


def from_series(
    step: float,
    end: float,
    columns: Mapping[str, Column | None],
    *,
    name: str,
    observable: bool = True,
    restarts: Sequence[Restart] = (),
    topics: Mapping[str, Column] = NONE,
    topic_processed: Mapping[str, Column] = NONE,
    topic_busy: Mapping[str, Column] = NONE,
) -> History:
    """Return one consumer's history from columns of one grid.

    Args:
        step, end: seconds, and the last point's end in epoch seconds.
        columns: by metric; rates in units/s (``busy`` in microseconds/s), gauges in their unit.
            What is not there, or known nowhere, is left out.
        topics, topic_processed, topic_busy: likewise, by topic.
    """
    known = {
        metric: column
        for metric in COLUMNS
        if (column := columns.get(metric)) is not None
        and (metric in NEEDED or any(value is not None for value in column))
    }
    if "busy" in known:
        known["busy"] = _seconds(known["busy"])
    known.setdefault("backlog", [None] * len(known["received"]))
    return History(
        step,
        end,
        name=name,
        observable=observable,
        restarts=restarts,
        topics=topics,
        topic_processed=topic_processed,
        topic_busy={topic: _seconds(column) for topic, column in topic_busy.items()},
        **known,  # type: ignore[arg-type]
    )


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
    rates: dict[str, list[float | None]] = {name: [None] * size for name in RATES}
    by_topic: dict[str, dict[str, list[float | None]]] = {
        name: {topic: [None] * size for topic in getattr(last, name)} for name in BY_TOPIC
    }
    levels: dict[str, list[float | None]] = {name: [None] * size for name in LEVELS}
    for earlier, later in zip(samples, samples[1:]):
        index = size - 1 - round((end - later.time) / interval)
        seconds = later.time - earlier.time
        if not 0 <= index < size or not 0 < seconds < 1.5 * interval:
            continue
        try:
            between(earlier, later)
        except CounterReset:
            continue
        for name in RATES:
            rates[name][index] = (getattr(later, name) - getattr(earlier, name)) / seconds
        for name, series in by_topic.items():
            before, after = getattr(earlier, name), getattr(later, name)
            for topic, column in series.items():
                # The daemon counts the topics that weigh most: others come and go.
                if topic in before and topic in after and after[topic] >= before[topic]:
                    column[index] = (after[topic] - before[topic]) / seconds
        for name, column in levels.items():
            value = getattr(later, name)
            column[index] = None if value is None else float(value)
    oldest: Column = [
        0.0 if x is None and levels["backlog"][i] == 0 else x
        for i, x in enumerate(levels["oldest"])
    ]
    columns: dict[str, Column] = {**rates, **levels, "oldest": oldest}
    return replace(
        from_series(
            interval,
            end,
            columns,
            name=last.consumer,
            observable=last.observable,
            topics=by_topic["topics"],
            topic_processed=by_topic["topic_processed"],
            topic_busy=by_topic["topic_busy"],
        ),
        alive=True,
    )


def _seconds(column: Sequence[float | None]) -> Column:
    return [None if x is None else x / MICROSECONDS for x in column]
