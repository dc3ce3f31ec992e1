"""A daemon's stored series as the diagnosis reads them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from collectd_fedmsg.diagnosis import History, Restart

from ..grid.absences import restarts
from ..store.series import Points, Series, clip

#: What the diagnosis reads beside received, processed and backlog.
OPTIONAL = ("failed", "rejected", "busy", "in_progress", "oldest", "delay", "workers")
NEEDED = ("received", "processed", "backlog")
#: What a daemon tells whose backlog nobody can see.
FLOWS = NEEDED[:2]
_MICRO = 1e-6
#: By the names of ``TOPIC_METRICS``, then by topic.
ByTopic = Mapping[str, Mapping[str, Series]]
def history(columns: Mapping[str, Series | None], name: str,
            by_topic: ByTopic = MappingProxyType({})) -> History | None:
    """Return the diagnosis' input, its last point the newest known one; None without the flows.

    Without a known backlog in the span it is not observable: blocking mode, or another bus.

    Args:
        columns: by metric, rates in units/s, gauges in their unit; any step, one for all.
        name: the consumer, for sentences.
        by_topic: by the names of ``TOPIC_METRICS``, then by topic; steps that differ are left out.
    """
    lasts = {metric: series.last() for metric in NEEDED if (series := columns.get(metric))}
    known = [last[0] for metric, last in lasts.items() if last and metric in FLOWS]
    if len(known) < len(FLOWS):
        return None
    observable = lasts.get("backlog") is not None
    first = columns["backlog" if observable else "received"]
    if first is None:
        return None
    if observable and lasts["backlog"]:
        known.append(lasts["backlog"][0])
    start, end = first.start, min(known)

    def column(metric: str) -> Points | None:
        return cut(metric, columns.get(metric))

    def cut(metric: str, series: Series | None) -> Points | None:
        if series is None or series.step != first.step:
            return None
        points = clip(series, start, end).points
        if metric in ("busy", "topic_busy"):
            return [None if value is None else value * _MICRO for value in points]
        return points

    def topics(metric: str) -> dict[str, Points]:
        found = {topic: cut(metric, one) for topic, one in by_topic.get(metric, {}).items()}
        return {topic: points for topic, points in found.items() if points is not None}

    received, processed, backlog = (column(metric) for metric in NEEDED)
    if received is None or processed is None:
        return None
    if backlog is None or not observable:
        backlog = [None] * len(received)
    return History(first.step, end, received, processed, backlog, name=name,
                   failed=column("failed"), rejected=column("rejected"), busy=column("busy"),
                   in_progress=column("in_progress"), oldest=column("oldest"),
                   delay=column("delay"), workers=column("workers"), topics=topics("received"),
                   topic_processed=topics("topic_processed"), topic_busy=topics("topic_busy"),
                   observable=observable,
                   restarts=_restarts(columns["received"], first) if observable else ())


def _restarts(received: Series | None, backlog: Series) -> tuple[Restart, ...]:
    """Return the restarts; what waited in the memory just before is what each has lost."""
    if received is None:
        return ()
    found = []
    for time in restarts(received, backlog):
        # Steps between the runs have no rate, and the new run's backlog: RRD gives the whole
        # time since the last update the value that comes then.
        index = (time - backlog.start) // backlog.step
        known = [waiting for rate, waiting in zip(received.points[:index], backlog.points[:index])
                 if rate is not None and waiting is not None]
        found.append(Restart(time, known[-1] if known else None))
    return tuple(found)
