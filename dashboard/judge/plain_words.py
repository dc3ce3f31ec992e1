"""Verdicts and the fleet's state in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from collectd_fedmsg.diagnosis import Verdict
from collectd_fedmsg.diagnosis.rules.growth import WHOLE
from collectd_fedmsg.humanize import duration, rate

#: What a queue's consumers are called where its broker names none.
UNNAMED = "Consumer"
#: Each verdict as the page, the alerts and the help write it.
PLAIN = {
    "OK": "Well",
    "IDLE": "Idle",
    "RECOVERING": "Catching up",
    "RESTART": "Restarted",
    "REPLAY": "Replaying",
    "CREEP": "Workers nearly full",
    "ERRORS": "Messages fail",
    "SURGE": "Surge of messages",
    "MIX": "More expensive messages",
    "RETRIES": "Retries pile up",
    "SLOW": "Slow processing",
    "BOTH": "Surge and slow processing",
    "WORKERS_LOST": "Workers lost",
    "SATURATED": "Over capacity",
    "STARVED": "Receives nothing",
    "STALLED": "Stuck",
    "TELEMETRY_LOST": "Numbers do not arrive",
    "DOWN": "Down",
    "UNKNOWN": "Not known",
    "NO_CONSUMER": "No consumer",
    "POISON": "One message fails again and again",
    "PAUSED": "Paused",
    # What an alert names where no verdict explains it: its rule's kind.
    "daemon_silent": "Silent",
    "collectd_silent": "collectd is silent",
    "lost": "Messages lost",
}
#: The word on a row of which nothing is heard.
SILENT = PLAIN["daemon_silent"]
#: The groups of rows in their order, and the words that follow a group's count.
GROUPS = {
    "attention": ("needs attention", "need attention"),
    "silent": ("silent", "silent"),
    "unknown": ("not known", "not known"),
    "recovering": ("recovering", "recovering"),
    "well": ("well", "well"),
    "retired": ("retired", "retired"),
}
#: A row of this severity or more needs attention; below it, above 0, it recovers.
ATTENTION = 2
#: A backlog whose flows differ by less than this share neither grows nor drains.
STEADY = 0.02


def group(row: Mapping[str, Any]) -> str:
    """Return which of ``GROUPS`` a row belongs to."""
    if row.get("retired"):
        return "retired"
    if row["state"] == "UNKNOWN":
        return "silent" if row["silent"] else "unknown"
    if row["severity"] >= ATTENTION:
        return "attention"
    return "recovering" if row["severity"] else "well"


def surge_percent(row: Mapping[str, Any]) -> int | None:
    """Return the share of a backlog's growth due to more arrivals, in percent.

    None without growth, and where it has one reason: the row's sentence names it.
    """
    split = row["split"]
    if split is None:
        return None
    excess, lost = max(0.0, split["excess"]), max(0.0, split["lost"])
    share = excess / (excess + lost) if excess + lost else 0.0
    return round(100 * share) if 1 - WHOLE < share < WHOLE else None


def counted(name: str, number: int) -> str:
    """Return a group's heading: ``3 need attention``."""
    return f"{number:,} {GROUPS[name][number != 1]}"


def headline(
    counts: Mapping[str, int], worst: Mapping[str, Any] | None, silence: float | None = None
) -> str:
    """Return the fleet in one sentence.

    Args:
        counts: rows by group; groups without rows may be absent.
        worst: the row of the worst that needs attention.
        silence: seconds since anything was heard; None when nothing ever was.
    """
    daemons = sum(counts.values())
    if not daemons:
        return "No daemon yet"
    if counts.get("silent", 0) == daemons:
        lasting = f" for {duration(silence)}" if silence is not None else ""
        return f"collectd has been silent{lasting}: the present is not known"
    if worst is not None and (ill := counts.get("attention", 0)):
        return in_trouble(worst) if ill == 1 else f"{ill} daemons need attention; {worst_of(worst)}"
    if counts.get("well", 0) == daemons:
        return "The daemon is well" if daemons == 1 else f"All {daemons:,} daemons are well"
    order = ("well", "recovering", "silent", "unknown")
    return ", ".join(counted(name, counts[name]) for name in order if counts.get(name))


def in_trouble(row: Mapping[str, Any], mark: str = ":") -> str:
    """Return one daemon and its trouble: ``Archiver: stuck``."""
    what = plain(row["state"])
    return f"{short_name(name_of(row))}{mark} {what[:1].lower()}{what[1:]}"


def worst_of(row: Mapping[str, Any]) -> str:
    """Return the same of the worst of several: ``worst: Archiver, stuck``."""
    return f"worst: {in_trouble(row, ',')}"


def shared_headline(sentence: str, others: Sequence[Mapping[str, Any]]) -> str:
    """Return the trouble that daemons share, then what else needs attention.

    Args:
        sentence: the incident's; only its first part is used.
        others: the rows that need attention and have no part in it, worst first.
    """
    first = sentence.partition(";")[0]
    words = first[:1].upper() + first[1:]
    if not others:
        return words
    if len(others) == 1:
        return f"{words}; also {in_trouble(others[0])}"
    return f"{words}; {len(others)} others need attention, {worst_of(others[0])}"


def name_of(row: Mapping[str, Any]) -> str:
    """Return what a row is called: its service where a broker's queue names no consumer."""
    name: str = row["service"] if row["consumer"] == UNNAMED else row["consumer"]
    return name


def pace(row: Mapping[str, Any]) -> str:
    """Return how fast a backlog grows or drains; empty when that is not known or not asked."""
    arrival, completion = row["arrival_rate"], row["completion_rate"]
    if not row["severity"] or row["silent"] or arrival is None or completion is None:
        return ""
    if not row["backlog"] and arrival <= completion:
        return ""
    drain = row["drain"]
    if drain is not None and drain["seconds"] > 0 and row["backlog"]:
        # One pace for the row's first line and its sentence: that of the time to drain.
        return f"drains by {rate(row['backlog'] / drain['seconds'])}"
    growth = arrival - completion
    if abs(growth) <= STEADY * max(arrival, completion):
        return "neither grows nor drains"
    return f"grows by {rate(growth)}" if growth > 0 else f"drains by {rate(-growth)}"


def gone(row: Mapping[str, Any]) -> str:
    """Return when the backlog will be gone; empty when nothing waits or nothing is known."""
    drain, seconds = row["drain"], row["drain_seconds"]
    if not row["severity"] or row["silent"] or not row["backlog"]:
        return ""
    if drain is not None:
        latest = "or never" if drain["latest"] is None else f"to {duration(drain['latest'])}"
        bounds = f"{duration(drain['earliest'])} {latest}"
        return (
            f"gone in {duration(drain['seconds'])} ({bounds})"
            if drain["claimed"]
            else (f"gone in {bounds}")
        )
    # What does not drain grows or stands: the pace says so.
    return "" if seconds is None else f"gone in {duration(seconds)} at this pace"


def unread(daemons: int) -> str:
    """Return the fleet in one sentence before it is judged for the first time."""
    return f"{daemons:,} daemons are being read: nothing is known yet"


def severity_mark(row: Mapping[str, Any]) -> str:
    """Return how a row is coloured: its severity, 0 to 3, or "none" when it is not known."""
    return "none" if row["state"] == "UNKNOWN" else str(row["severity"])


def short_utc(moment: float, now: float) -> str:
    """Return a moment in UTC (both epoch seconds) in few letters; today's without the day."""
    at, today = (datetime.fromtimestamp(stamp, timezone.utc) for stamp in (moment, now))
    day = "" if at.date() == today.date() else f"{at.day} {at:%b} "
    return f"{day}{at:%H:%M} UTC"


def word(row: Mapping[str, Any]) -> str:
    """Return the word on a row: its verdict, or that nothing is heard of it."""
    return SILENT if row["silent"] else plain(row["state"])


def cause_severity(cause: str) -> str:
    """Return how the cause of an alert is coloured: as a row with that verdict."""
    if cause in Verdict.__members__:
        return severity_mark({"state": cause, "severity": Verdict[cause].severity})
    return "none" if cause.endswith("_silent") else "2"


def short_name(name: str) -> str:
    """Return a name for a row: one that was cut to fit shows its head and what tells it apart.

    Source: ``names.escape``, which writes head, ``~~``, digest.
    """
    head, cut, digest = name.partition("~~")
    return f"{head}…{digest[:4]}" if cut else name


def plain(state: str) -> str:
    """Return a verdict's name in plain words; a new one as its name reads."""
    return PLAIN.get(state) or state.replace("_", " ").capitalize()
