"""Coarse series → whole past hours for a baseline.

Steps need not divide an hour: an average counts with the part of it that lies in the hour, a
maximum counts in every hour that it touches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import log

from collectd_fedmsg.diagnosis.hours import DAY, HOUR, Hour

from ..store.series import Series

#: A metric's values by the hour's start.
Means = dict[int, float]
_MICRO = 1e-6
#: Percentiles of the service time, by an hour's field.
PERCENTILES = {
    name: metric
    for name, metric in (("p50", "service_p50"), ("p99", "service_p99"))
    if name in Hour.__dataclass_fields__
}
#: Messages beyond those in the workers' hands: in an hour with more of them, ages are of waiting.
SHORT = 3.0
#: What is read as the hour's greatest value.
PEAKS = ("backlog", "oldest", "service_max")
#: An hour with a longer pause (s), or a greater share of failures, is not taken for usual.
LONG_PAUSE, FAILING = HOUR / 2, 0.5
NONE: Mapping[str, float] = {}


def means(series: Series) -> Means:
    """Return each hour's average; hours less than half known are left out."""
    total: dict[int, float] = {}
    seconds: dict[int, float] = {}
    step, start = series.step, series.start
    for index, value in enumerate(series.points):
        if value is None:
            continue
        begin, end = start + index * step, start + (index + 1) * step
        hour = begin // HOUR * HOUR
        while hour < end:
            part = min(end, hour + HOUR) - max(begin, hour)
            total[hour] = total.get(hour, 0.0) + value * part
            seconds[hour] = seconds.get(hour, 0.0) + part
            hour += HOUR
    return {hour: total[hour] / known for hour, known in seconds.items() if known * 2 >= HOUR}


def highest(series: Series) -> Means:
    """Return each hour's greatest value."""
    peaks: Means = {}
    for index, value in enumerate(series.points):
        if value is None:
            continue
        begin, end = series.start + index * series.step, series.start + (index + 1) * series.step
        for hour in range(begin // HOUR * HOUR, end, HOUR):
            peaks[hour] = max(value, peaks.get(hour, value))
    return peaks


def hours(columns: Mapping[str, Series], interval: int, end: int) -> list[Hour]:
    """Return the hours that end by ``end`` (epoch seconds), oldest first.

    Args:
        columns: by metric; those of ``PEAKS`` as maxima, all others as averages, ``busy`` in µs/s.
        interval: seconds between the samples behind a maximum.
        end: what ends later is left out.
    """
    if not {"received", "processed", "backlog"} <= set(columns):
        return []
    by = {name: means(series) for name, series in columns.items() if name not in PEAKS}
    peak = highest(columns["backlog"])
    longest, ages = (
        highest(columns[name]) if name in columns else {} for name in ("service_max", "oldest")
    )
    # An hour's maximum is its 1 in n level, what is wanted is the 1 in 100: with the
    # exponential tail of a queue that lies ln(100)/ln(n) as high.
    tail = min(1.0, log(100) / log(max(100, HOUR / max(1, interval))))
    busy, failed, workers, delay = (
        by.get(name, {}) for name in ("busy", "failed", "workers", "delay")
    )
    made = []
    for hour in sorted(by["received"].keys() & by["processed"].keys() & peak.keys()):
        if hour + HOUR > end:
            continue
        done, used = by["processed"][hour], busy.get(hour)
        made.append(
            Hour(
                start=float(hour),
                received=by["received"][hour],
                processed=done,
                backlog=peak[hour] * tail,
                service=used * _MICRO / done if used and done else None,
                failed=min(1.0, failed[hour] / done) if hour in failed and done else None,
                workers=workers.get(hour),
                delay=delay.get(hour),
                topics=NONE,
                costs=NONE,
                held=longest.get(hour, _held(ages.get(hour), peak[hour], workers.get(hour))),
                # Work waited all the hour and nothing ended: a hang, not what is usual.
                gap=float(HOUR) if peak[hour] and not done and by["received"][hour] else 0.0,
                **{
                    name: by[metric].get(hour)
                    for name, metric in PERCENTILES.items()  # type: ignore[arg-type]
                    if metric in by
                },
            )
        )
    return made


def _held(age: float | None, backlog: float, workers: float | None) -> float | None:
    """Return how long one message took at most, s; None where ages are of messages that wait.

    In an hour with a short queue the greatest age is of a message in a worker's hands, or longer.
    """
    return age if backlog <= 2 * (workers or 1.0) + SHORT else None


def refined(coarse: list[Hour], fine: list[Hour]) -> list[Hour]:
    """Return the coarse hours with what only a fine series shows; fine ones take their place.

    Pauses and how clumped arrivals are come from the same hour of a finely known day, unless
    that hour was in trouble: a hang of one day is no pause of every day.
    """
    if not fine:
        return coarse
    same = {
        int(hour.start % DAY): hour
        for hour in fine
        if hour.gap < LONG_PAUSE and (hour.failed or 0.0) <= FAILING
    }
    starts = {hour.start for hour in fine}
    made = []
    for hour in coarse:
        like = same.get(int(hour.start % DAY))
        if hour.start not in starts:
            made.append(
                hour if like is None else replace(hour, gap=like.gap, dispersion=like.dispersion)
            )
    # An average of a step hides part of its longest message; the coarse hours are of maxima.
    held = {hour.start: hour.held for hour in coarse}
    kept = [replace(hour, held=held.get(hour.start, hour.held)) for hour in fine]
    return sorted([*made, *kept], key=lambda hour: hour.start)


def with_topics(known: list[Hour], by_topic: Mapping[str, Mapping[str, Series]]) -> list[Hour]:
    """Return the hours with messages/s received and seconds of work per message, by topic."""
    by = {
        metric: {topic: means(series) for topic, series in series_by_topic.items()}
        for metric, series_by_topic in by_topic.items()
    }
    arrived, used = by.get("received", {}), by.get("topic_busy", {})
    done = by.get("topic_processed", arrived)
    made = []
    for hour in known:
        at = int(hour.start)
        costs = {
            topic: means_of[at] * _MICRO / done[topic][at]
            for topic, means_of in used.items()
            if at in means_of and done.get(topic, {}).get(at)
        }
        rates = {topic: means_of[at] for topic, means_of in arrived.items() if at in means_of}
        made.append(replace(hour, topics=rates, costs=costs))
    return made
