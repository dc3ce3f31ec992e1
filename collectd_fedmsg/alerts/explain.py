"""Say why an alert holds and what to do, from the diagnosis."""

from __future__ import annotations

from dataclasses import replace

from .. import humanize
from ..diagnosis import Diagnosis, Verdict
from ..diagnosis.fleet.incident import Incident
from .clock import MAX_SKEW
from .conditions import BY_CLOCK
from .observation import Observation
from .records import Alert, Reason

#: Sentences of evidence in a notice: the reader was woken up.
MOST = 4
ACTIONS = {
    "daemon_silent": "See whether the daemon runs; if it does, ask `collectd-fedmsg doctor` there.",
    "collectd_silent": "See whether the host is up and collectd runs on it; its daemons cannot be"
                       " judged until then.",
    "lost": "Check that replay fetched the lost messages; read why the daemon ended.",
}


def explained(alert: Alert, seen: Observation, incident: Incident | None, now: float) -> Alert:
    """Return the alert with its cause, reasons and advice at ``now`` (epoch seconds).

    A cause and an incident that were found stay: notices are grouped by them.
    """
    if alert.kind in BY_CLOCK:
        return replace(alert, why=_silence(seen, now), action=ACTIONS[alert.kind])
    found = seen.diagnosis
    if found is None:
        return alert
    if alert.kind == "lost":
        return replace(alert, why=found.evidence[:MOST], action=ACTIONS["lost"])
    if not found.findings[0].verdict.rank or (not _serious(found) and alert.why):
        return alert
    reason = _reason(found, incident)
    return replace(alert, cause=reason.cause if alert.cause == alert.kind else alert.cause,
                   why=reason.why, incident=alert.incident or reason.incident,
                   action=reason.action)


def foreseen(kind: str, seen: Observation, incident: Incident | None) -> Reason | None:
    """Return what would explain an alert of a rule's ``kind``, were it raised already."""
    found = seen.diagnosis
    if kind in BY_CLOCK or kind == "lost" or found is None or not _serious(found):
        return None
    return _reason(found, incident)


def _serious(found: Diagnosis) -> bool:
    return found.findings[0].verdict.rank >= 2


def _reason(found: Diagnosis, incident: Incident | None) -> Reason:
    cause = found.findings[0]
    why = [incident.sentence] if incident else []
    why += [f"{cause.verdict.name}: {cause.verdict.meaning}", *cause.evidence]
    why += [f"{one.verdict.name}: {one.evidence[0]}" for one in found.findings[1:] if one.evidence]
    if cause.verdict is Verdict.UNKNOWN and found.missing:
        why.append(f"missing: {', '.join(found.missing)}")
    return Reason(cause.verdict.name, tuple(why[:MOST]),
                  incident.action if incident else cause.verdict.action,
                  incident.id if incident else "")


def _silence(seen: Observation, now: float) -> tuple[str, ...]:
    if seen.last is None:
        return ("no sample was ever seen",)
    if seen.last - now > MAX_SKEW:
        return (f"its newest sample is {humanize.duration(seen.last - now)} ahead of this clock:"
                " nothing newer is stored until then",
                "set the clock right, then `collectd-fedmsg rewind` lets the series go on")
    said = f"no sample for {humanize.duration(now - seen.last)}"
    past = seen.history
    waiting = next((x for x in reversed(past.backlog) if x is not None), None) if past else None
    if waiting is None:
        return (said,)
    return (f"{said}; {waiting:,.0f} messages waited then",
            "what happens since is not known: neither good nor bad")
