"""Every daemon's present state, worst first: what the rows and ``/api/v1/daemons`` say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectd_fedmsg.diagnosis import Diagnosis
from collectd_fedmsg.diagnosis.fleet.incident import Incident
from collectd_fedmsg.diagnosis.history import PERSIST
from collectd_fedmsg.errors import HealthError
from collectd_fedmsg.humanize import duration, messages

from ..store.base import Daemon
from ..store.series import Points, Series
from .background import ResponseCache
from .judge import METRICS, Judge
from .plain_words import GROUPS, gone, group, headline, pace, unread
from .unknown import Seen, mistake, unknown
from .usual_ranges import ranges

#: Incidents from this severity on are what the page begins with.
SERIOUS = 2
#: Steps that present rates are the mean of.
RECENT = 3
#: From this many daemons on they are judged in the background; for fewer the reader waits.
MIN_IN_BACKGROUND = 100
#: Missing for this many intervals: unknown.
MISSED_ROUNDS = 3
#: The place of each group of rows.
ORDER = {name: place for place, name in enumerate(GROUPS)}


@dataclass(frozen=True)
class State:
    """A verdict's name, its severity (0 well to 3 urgent) and the sentence that says why."""

    name: str
    severity: int
    text: str


class Fleet:
    """The daemons of one store, and one answer for all readers (see ``keeping``).

    Args:
        judge: of the store.
        age: seconds that an answer is as good as new.
        interval: seconds between two samples.
    """

    def __init__(self, judge: Judge, age: float, interval: float) -> None:
        self._judge = judge
        self._cache = ResponseCache(self._make, age, interval, self._unread)
        #: Every daemon of the last answer.
        self._known: tuple[Daemon, ...] = ()

    def answer(self, now: float) -> dict[str, Any]:
        """Return the body of ``/api/v1/daemons`` at ``now``.

        Raises:
            StoreError: the store cannot answer.
        """
        return self._cache.answer(now)

    def warm(self) -> None:
        """Judge for the first time before anybody asks, without waiting for it."""
        self._cache.warm()

    def _make(self, now: float) -> dict[str, Any]:
        daemons, whole = self._judge.everyone(now)
        self._known = tuple(each.daemon for each in daemons)
        home = {name: incident for incident in whole.incidents for name in incident.members}
        rows = [self._row(each, home.get(each.daemon.id), now) for each in daemons]
        rows.sort(key=_place)
        fleet, problems = summary(rows, whole.incidents, now), self._judge.problems()
        if problems:
            fleet["headline"] += f"; not read: {problems[0]}" + (
                f" and {len(problems) - 1} more" if len(problems) > 1 else ""
            )
        # Where all are silent, the fleet line says so; a line of what they share says it again.
        shared = [
            incident.to_dict()
            for incident in whole.incidents
            if incident.shared and fleet["silent"] < fleet["daemons"]
        ]
        return {
            "daemons": rows,
            "fleet": fleet,
            "incidents": shared,
            "reading": False,
            "problems": problems,
        }

    def _row(self, view: Seen, incident: Incident | None, now: float) -> dict[str, Any]:
        """Return one daemon's row; where none can be made of its numbers, one that says so."""
        try:
            return {
                **describe(view, incident, now, self._judge.last_heard),
                "topics": self._judge.topics_heard(view.daemon, now),
            }
        except HealthError:
            raise
        except Exception as error:
            reasons = (mistake(view.daemon.id, error),)
            return describe(unknown(view.daemon, now, reasons, dict.fromkeys(METRICS)), None, now)

    def _unread(self, now: float) -> dict[str, Any] | None:
        """Return what is said of many daemons that are not judged yet: that nothing is known."""
        daemons = self._judge.unread(now)
        if len(daemons) < MIN_IN_BACKGROUND:
            return None
        return self._nothing_known(daemons, unread(len(daemons)), now, reading=True)

    def lost(self, now: float, reason: str) -> dict[str, Any] | None:
        """Return the daemons that were known, and why nothing is known of them now.

        None when none ever was.
        """
        daemons = self._judge.all_unknown(now, (reason,), self._known)
        headline = reason[:1].upper() + reason[1:]
        return self._nothing_known(daemons, headline, now, reading=False) if daemons else None

    @staticmethod
    def _nothing_known(
        daemons: Sequence[Seen], headline: str, now: float, *, reading: bool
    ) -> dict[str, Any]:
        rows = [
            {**describe(each, None, now), "silent": False, "group": "unknown"} for each in daemons
        ]
        return {
            "daemons": rows,
            "fleet": {**summary(rows, (), now), "headline": headline},
            "incidents": [],
            "reading": reading,
            "problems": [] if reading else [headline],
        }


def describe(
    view: Seen,
    incident: Incident | None,
    now: float,
    last_heard: Callable[[Daemon], tuple[float, float] | None] = lambda _: None,
) -> dict[str, Any]:
    """Return one daemon's row: counts in messages, rates in messages/s, times in seconds.

    Args:
        seen, incident, now: what was judged, with whom it suffers, epoch seconds.
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
        "sibling_note": (incident.beside or None) if incident else None,
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
    # What a short window says of itself is no range that a reader should trust.
    trusted = usual is not None and "a baseline" not in diagnosis.missing
    return {
        "split": plain["split"],
        "drain": plain["drain"],
        "usual": ranges(usual) if usual is not None and trusted else {},
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


def _place(row: Mapping[str, Any]) -> tuple[int, int, float, str]:
    """Return a row's place: by group, severity, backlog; those that are well by name, so that
    they stay where they are."""
    ill = row["group"] in ("attention", "recovering")
    return (ORDER[row["group"]], -row["severity"], -(row["backlog"] or 0) if ill else 0, row["id"])


def summary(
    rows: list[dict[str, Any]], incidents: Sequence[Incident], now: float
) -> dict[str, Any]:
    """Return the fleet line: daemons by group and by state, and the backlog of all (messages)."""
    retired = sum(bool(row.get("retired")) for row in rows)
    rows = [row for row in rows if not row.get("retired")]
    counts, states = Counter(row["group"] for row in rows), Counter(row["state"] for row in rows)
    worst = next((row for row in rows if row["group"] == "attention"), None)
    heard = max((row["last_sample"] or 0 for row in rows), default=0) or None
    sentence = headline(counts, worst, now - heard if heard is not None else None)
    shared = [incident for incident in incidents if incident.shared]
    waiting = [row["backlog"] for row in rows if row["backlog"] is not None and not row["silent"]]
    return {
        "daemons": len(rows),
        "states": dict(states),
        **{name: counts[name] for name in GROUPS},
        "retired": retired,
        "headline": (together(shared) if counts["silent"] < len(rows) else None) or sentence,
        "backlog": sum(waiting) if waiting or not rows else None,
        "last_sample": heard,
    }


def together(shared: Sequence[Incident]) -> str | None:
    """Return the worst trouble that several daemons have together, in a few words."""
    worst = next((incident for incident in shared if incident.severity >= SERIOUS), None)
    if worst is None:
        return None
    sentence = worst.sentence.partition(";")[0]
    return sentence[:1].upper() + sentence[1:]


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
