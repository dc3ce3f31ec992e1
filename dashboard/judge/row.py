"""One daemon's row: what is said of it, and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from collectd_fedmsg.diagnosis import Diagnosis
from collectd_fedmsg.diagnosis.fleet.incident import Incident
from collectd_fedmsg.diagnosis.history import PERSIST
from collectd_fedmsg.humanize import duration, messages

from ..store.base import Daemon
from ..store.series import Points, Series
from .plain_words import gone, group, pace
from .unknown import Seen
from .usual_ranges import ranges

#: Steps that present rates are the mean of.
RECENT = 3


@dataclass(frozen=True)
class State:
    """A verdict's name, its severity (0 well to 3 urgent) and the sentence that says why."""

    name: str
    severity: int
    text: str


def describe(
    view: Seen,
    incident: Incident | None,
    now: float,
    last_heard: Callable[[Daemon], tuple[float, float] | None] = lambda _: None,
) -> dict[str, Any]:
    """Return one daemon's row: counts in messages, rates in messages/s, times in seconds.

    Args:
        view, incident, now: what was judged, with whom it suffers, epoch seconds.
        last_heard: asked for (epoch seconds, backlog) of a daemon silent for longer than was
            looked at.
    """
    daemon, columns, diagnosis = view.daemon, view.columns, view.judged.diagnosis
    backlog, oldest = columns["backlog"], columns["oldest"]
    arrival, completion = _recent(columns["received"]), _recent(columns["processed"])
    last = (backlog.last() if backlog else None) or last_heard(daemon)
    oldest_last = oldest.last() if oldest else None
    # An age that was not reported with the last backlog is of a backlog that is gone.
    age = oldest_last[1] if oldest_last and last and oldest_last[0] >= last[0] else None
    row_state, cause = state(diagnosis), diagnosis.findings[0]
    waiting = last[1] if last else None
    heard, step = last[0] if last else view.judged.last, backlog.step if backlog else 0
    silent = (
        row_state.name == "UNKNOWN"
        and not (view.retired or view.problems)
        and (heard is None or now - heard > PERSIST * step)
    )
    gone_for = now - heard if (silent or view.retired) and heard is not None else None
    row = {
        "id": daemon.id,
        "host": daemon.host,
        "service": daemon.service,
        "consumer": daemon.consumer,
        "state": row_state.name,
        "severity": row_state.severity,
        "text": row_state.text if gone_for is None else silence(gone_for, waiting),
        "action": cause.verdict.action,
        "evidence": list(diagnosis.evidence),
        "missing": list(diagnosis.missing),
        "certainty": round(cause.certainty, 3),
        "since": heard if silent or view.retired else cause.since,
        "saturation_time": diagnosis.saturation_time,
        **evidence(diagnosis),
        "verdicts": [verdict.name for verdict in diagnosis.verdicts],
        "incident": incident.id if incident and incident.shared else None,
        "sibling_note": (incident.sibling_note or None) if incident else None,
        "backlog": waiting,
        "arrival_rate": arrival,
        "completion_rate": completion,
        "oldest": age,
        "drain_seconds": (diagnosis.drain.seconds if diagnosis.drain.claimed else None)
        if diagnosis.drain
        else drain_seconds(waiting, arrival, completion),
        "last_sample": heard,
        "silent": silent,
        "retired": view.retired,
        "problems": list(view.problems),
        "step": view.judged.history.step if view.judged.history else None,
        "metrics": sorted(daemon.files),
        "topics": sorted(daemon.topics),
    }
    return {**row, "group": group(row), "pace": pace(row), "gone": gone(row)}


def silence(seconds: float, waiting: float | None) -> str:
    """Return what is said of a daemon not heard of for ``seconds``, however many they are."""
    text = f"no numbers for {duration(seconds)}"
    return f"{text}; {messages(waiting)} waited then" if waiting else text


def evidence(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what the page draws of a diagnosis: the split (messages), the time to drain (s)
    and the usual range of the arrival rate (messages/s) and the service time (s)."""
    plain, usual = diagnosis.to_dict(), diagnosis.usual
    return {
        "split": plain["split"],
        "drain": plain["drain"],
        "usual": ranges(usual) if usual is not None and diagnosis.based else {},
    }


def _recent(series: Series | None) -> float | None:
    """Return the mean of the last known steps; None when they are not recent."""
    if series is None:
        return None
    points = list(series.points)
    # The step that runs, and the one whose sample is on its way, are not known yet.
    while points and points[-1] is None and len(series.points) - len(points) < RECENT // 2:
        points.pop()
    return known_mean(points[-RECENT:])


def state(diagnosis: Diagnosis) -> State:
    """Return a row's state from what the diagnosis says."""
    cause = diagnosis.findings[0]
    text = "; ".join(cause.evidence[:2]) or cause.verdict.meaning
    return State(cause.verdict.name, cause.verdict.severity, text)


def known_mean(points: Points) -> float | None:
    """Return the mean of what is known, in the series' own unit."""
    known = [point for point in points if point is not None]
    return sum(known) / len(known) if known else None


def drain_seconds(
    backlog: float | None, arrival: float | None, completion: float | None
) -> float | None:
    """Return seconds until the backlog is gone at these rates; None when it is not shrinking."""
    if backlog is None or arrival is None or completion is None:
        return None
    if backlog <= 0:
        return 0.0
    return backlog / (completion - arrival) if completion > arrival else None
