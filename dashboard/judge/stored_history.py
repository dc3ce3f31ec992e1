"""A daemon's stored series as the diagnosis reads them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from collectd_fedmsg.diagnosis import History, Restart
from collectd_fedmsg.diagnosis.build_history import from_series
from collectd_fedmsg.diagnosis.history import COLUMNS
from collectd_fedmsg.metrics import BY_NAME, Kind

from ..grid.absences import restarts
from ..store.series import Points, Series, clip, on_grid

NEEDED = ("received", "processed", "backlog")
#: What the diagnosis reads beyond those, where a store has it.
OPTIONAL = tuple(name for name in COLUMNS if name in BY_NAME and name not in NEEDED)
#: Steps with a backlog and no rates after which the backlog counts as all that is known.
BACKLOG_ONLY = 3
#: Metrics of a daemon whose backlog is hidden.
FLOWS = NEEDED[:2]
#: By the names of ``TOPIC_METRICS``, then by topic.
ByTopic = Mapping[str, Mapping[str, Series]]


def consolidation(metric: str) -> str:
    """Return the consolidation that hides no spike of a gauge and no message of a total."""
    return "AVERAGE" if BY_NAME[metric].kind is Kind.DERIVE else "MAX"


def history(
    columns: Mapping[str, Series | None], name: str, by_topic: ByTopic = MappingProxyType({})
) -> History | None:
    """Return the diagnosis' input, its last point the newest known one; None without the flows.

    All series are brought to the coarsest step of the needed three (files of 5 s of 2014 are read
    with files of 10 s). Without a known backlog in the span it is hidden: blocking mode, or
    another bus.

    Args:
        columns: by metric, rates in units/s, gauges in their unit; steps may differ.
        name: the consumer, for sentences.
        by_topic: by the names of ``TOPIC_METRICS``, then by topic.
    """
    lasts = {metric: series.last() for metric in NEEDED if (series := columns.get(metric))}
    visible = lasts.get("backlog") is not None
    used = NEEDED if visible else FLOWS
    known = [last[0] for metric in used if (last := lasts.get(metric))]
    if len(known) < len(used) and not visible:
        return None
    needed = [series for metric in used if (series := columns.get(metric)) and metric in lasts]
    step = max(series.step for series in needed)
    start = max(series.start for series in needed) // step * step
    end = min(known) // step * step
    backlog = lasts.get("backlog")
    if backlog and backlog[0] - end > BACKLOG_ONLY * step:
        end = backlog[0] // step * step
    if end <= start:
        return None

    def cut(series: Series | None, how: str) -> Points | None:
        # A coarser series says nothing of single steps.
        if series is None or series.step > step:
            return None
        return clip(on_grid(series, step, how), start, end).points

    def topics(metric: str) -> dict[str, Points]:
        points_by_topic = {
            topic: cut(series, "AVERAGE") for topic, series in by_topic.get(metric, {}).items()
        }
        return {topic: points for topic, points in points_by_topic.items() if points is not None}

    points = {
        metric: cut(columns.get(metric), consolidation(metric)) for metric in (*used, *OPTIONAL)
    }
    unknown: Points = [None] * ((end - start) // step)
    points.update((metric, unknown) for metric in FLOWS if points[metric] is None)
    return from_series(
        step,
        end,
        points,
        name=name,
        observable=visible,
        topics=topics("received"),
        topic_processed=topics("topic_processed"),
        topic_busy=topics("topic_busy"),
        restarts=_restarts(
            Series(start, step, points["received"] or []),
            Series(start, step, points["backlog"] or []),
            keeps=points["redelivered"] is not None,
        )
        if visible
        else (),
    )


def _restarts(received: Series, backlog: Series, keeps: bool) -> tuple[Restart, ...]:
    """Return the restarts; what waited in the memory just before is what each has lost.

    A broker ``keeps`` what is persistent: what it lost is not known.
    """
    losses = []
    for time in restarts(received, backlog):
        if keeps:
            losses.append(Restart(time))
            continue
        # Steps between the runs have no rate, and the new run's backlog: RRD gives the whole
        # time since the last update the value that comes then.
        index = (time - backlog.start) // backlog.step
        known = [
            waiting
            for rate, waiting in zip(received.points[:index], backlog.points[:index])
            if rate is not None and waiting is not None
        ]
        losses.append(Restart(time, known[-1] if known else None))
    return tuple(losses)
