"""Every daemon's present state, worst first: what the rows and ``/api/v1/daemons`` say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from collectd_fedmsg.diagnosis.fleet.incident import Incident
from collectd_fedmsg.errors import HealthError

from ..store.base import Daemon
from .background import ResponseCache
from .judge import Judge
from .look_back import METRICS
from .plain_words import GROUPS, headline, shared_headline, unread
from .row import describe
from .unknown import Seen, mistake, unknown

#: Incidents from this severity on are what the page begins with.
SERIOUS = 2
#: From this many daemons on they are judged in the background; for fewer the reader waits.
MIN_IN_BACKGROUND = 100
#: Missing for this many intervals: unknown.
MISSED_ROUNDS = 3
#: The place of each group of rows.
ORDER = {name: place for place, name in enumerate(GROUPS)}


class Fleet:
    """The daemons of one store, and one answer for all readers (``ResponseCache``).

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
        # Where all are silent the headline says so already.
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
        "headline": (together(shared, rows) if counts["silent"] < len(rows) else None) or sentence,
        "backlog": sum(waiting) if waiting or not rows else None,
        "last_sample": heard,
    }


def together(shared: Sequence[Incident], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the worst trouble that several daemons have together, in a few words; None without.

    Args:
        shared, rows: worst first.
    """
    attention = [row for row in rows if row["group"] == "attention"]
    # Silent daemons are not known to be in trouble: they come first only without other trouble.
    least = 0 if not attention else SERIOUS
    worst = next((incident for incident in shared if incident.severity >= least), None)
    if worst is None:
        return None
    others = [row for row in attention if row["id"] not in worst.members]
    return shared_headline(worst.sentence, others)
