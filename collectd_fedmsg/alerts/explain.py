"""Say why an alert holds and what to do, from the diagnosis; pure."""

from __future__ import annotations

from dataclasses import replace

from ..diagnosis import Verdict
from ..diagnosis.incident import Incident
from . import durations
from .conditions import BY_CLOCK
from .observation import Observation
from .records import Alert

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
    cause = found.findings[0]
    helpful = cause.verdict.rank >= 2 or (cause.verdict.rank and not alert.why)
    if alert.kind == "lost":
        return replace(alert, why=found.evidence[:MOST], action=ACTIONS["lost"])
    if not helpful:
        return alert
    why = [incident.sentence] if incident else []
    why += [f"{cause.verdict.name}: {cause.verdict.meaning}", *cause.evidence]
    why += [f"{one.verdict.name}: {one.evidence[0]}" for one in found.findings[1:] if one.evidence]
    if cause.verdict is Verdict.UNKNOWN and found.missing:
        why.append(f"missing: {', '.join(found.missing)}")
    name = cause.verdict.name if alert.cause == alert.kind else alert.cause
    return replace(alert, cause=name, why=tuple(why[:MOST]),
                   incident=alert.incident or (incident.id if incident else ""),
                   action=incident.action if incident else cause.verdict.action)


def _silence(seen: Observation, now: float) -> tuple[str, ...]:
    if seen.last is None:
        return ("no sample was ever seen",)
    said = f"no sample for {durations.words(now - seen.last)}"
    past = seen.history
    waiting = next((x for x in reversed(past.backlog) if x is not None), None) if past else None
    if waiting is None:
        return (said,)
    return (f"{said}; {waiting:,.0f} messages waited then",
            "what happens since is not known: neither good nor bad")
