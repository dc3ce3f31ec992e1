"""Let the diagnosis judge a daemon's stored series; pure but for what it is handed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from collectd_fedmsg.diagnosis import Diagnosis, History, Verdict, diagnose

from .series import Points, Series, clip
from .state import PATIENCE, State

#: Badness by the verdict's rank; what is not known is worse than what is known to be mild.
BADNESS = {0: 0, 1: 40, 2: 70, 3: 100}
UNKNOWN_BADNESS = 85
#: What the diagnosis reads beside received, processed and backlog.
OPTIONAL = ("failed", "rejected", "busy", "in_progress", "oldest", "delay", "workers")
NEEDED = ("received", "processed", "backlog")
_MICRO = 1e-6
#: By the names of ``TOPIC_METRICS``, then by topic.
ByTopic = Mapping[str, Mapping[str, Series]]


def history(columns: Mapping[str, Series | None], name: str,
            by_topic: ByTopic = MappingProxyType({})) -> History | None:
    """Return the diagnosis' input, its last point the newest known one; None without the three.

    Args:
        columns: by metric, rates in units/s, gauges in their unit; any step, one for all.
        name: the consumer, for sentences.
        by_topic: by the names of ``TOPIC_METRICS``, then by topic; steps that differ are left out.
    """
    needed = [columns.get(metric) for metric in NEEDED]
    lasts = [series.last() for series in needed if series is not None]
    known = [last[0] for last in lasts if last is not None]
    first = needed[2]
    if len(known) < len(NEEDED) or first is None:
        return None
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
    if received is None or processed is None or backlog is None:
        return None
    return History(first.step, end, received, processed, backlog, name=name,
                   failed=column("failed"), rejected=column("rejected"), busy=column("busy"),
                   in_progress=column("in_progress"), oldest=column("oldest"),
                   delay=column("delay"), workers=column("workers"), topics=topics("received"),
                   topic_processed=topics("topic_processed"), topic_busy=topics("topic_busy"))


def verdict(columns: Mapping[str, Series | None], name: str, now: float,
            by_topic: ByTopic = MappingProxyType({})) -> tuple[State, Diagnosis | None]:
    """Return a daemon's state by the diagnosis, and the diagnosis itself.

    Samples missing, or older than three intervals, are UNKNOWN whatever came before.
    """
    past = history(columns, name, by_topic)
    if past is None:
        return State("UNKNOWN", UNKNOWN_BADNESS, "no samples in the last 15 minutes"), None
    silent = now - past.end
    if silent > PATIENCE * past.step:
        last = past.backlog[-1] or 0
        text = f"silent for {silent:.0f} s; {last:.0f} waited then"
        return State("UNKNOWN", UNKNOWN_BADNESS, text), None
    found = diagnose(past, now)
    cause = found.findings[0]
    waiting = past.backlog[-1] or 0.0
    if cause.verdict is Verdict.OK and found.limit is not None and waiting > found.limit:
        early = f"{waiting:,.0f} messages wait, for less than three samples: too early to say why"
        return State("UNKNOWN", BADNESS[1], early), found
    badness = UNKNOWN_BADNESS if cause.verdict is Verdict.UNKNOWN else BADNESS[cause.verdict.rank]
    text = "; ".join(cause.evidence[:2]) or cause.verdict.meaning
    return State(cause.verdict.name, badness, text), found
