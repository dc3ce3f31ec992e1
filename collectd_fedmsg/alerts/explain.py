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
MAX_REASONS = 4
ACTIONS = {
    "daemon_silent": "See whether the daemon runs; if it does, ask `collectd-fedmsg doctor` there.",
    "collectd_silent": "See whether the host is up and collectd runs on it; its daemons cannot be"
    " judged until then.",
    "lost": "Check that replay fetched the lost messages; read why the daemon ended.",
}


def explained(
    alert: Alert, observation: Observation, incident: Incident | None, now: float
) -> Alert:
    """Return the alert with its cause, reasons and advice at ``now`` (epoch seconds).

    A cause and an incident that were found stay: notices are grouped by them.
    """
    if alert.kind in BY_CLOCK:
        return replace(alert, why=_silence(observation, now), action=ACTIONS[alert.kind])
    diagnosis = observation.diagnosis
    if diagnosis is None:
        return alert
    if alert.kind == "lost":
        return replace(alert, why=diagnosis.evidence[:MAX_REASONS], action=ACTIONS["lost"])
    if not diagnosis.findings[0].verdict.severity or (not _serious(diagnosis) and alert.why):
        return alert
    reason = _reason(diagnosis, incident)
    return replace(
        alert,
        cause=reason.cause if alert.cause == alert.kind else alert.cause,
        why=reason.why,
        incident=alert.incident or reason.incident,
        action=reason.action,
    )


def foreseen(kind: str, observation: Observation, incident: Incident | None) -> Reason | None:
    """Return what would explain an alert of a rule's ``kind``, were it raised already."""
    diagnosis = observation.diagnosis
    if kind in BY_CLOCK or kind == "lost" or diagnosis is None or not _serious(diagnosis):
        return None
    return _reason(diagnosis, incident)


def _serious(diagnosis: Diagnosis) -> bool:
    return diagnosis.findings[0].verdict.severity >= 2


def _reason(diagnosis: Diagnosis, incident: Incident | None) -> Reason:
    cause = diagnosis.findings[0]
    why = [incident.sentence] if incident else []
    why += [f"{cause.verdict.name}: {cause.verdict.meaning}", *cause.evidence]
    why += [
        f"{finding.verdict.name}: {finding.evidence[0]}"
        for finding in diagnosis.findings[1:]
        if finding.evidence
    ]
    if cause.verdict is Verdict.UNKNOWN and diagnosis.missing:
        why.append(f"missing: {', '.join(diagnosis.missing)}")
    return Reason(
        cause.verdict.name,
        tuple(why[:MAX_REASONS]),
        incident.action if incident else cause.verdict.action,
        incident.id if incident else "",
    )


def _silence(observation: Observation, now: float) -> tuple[str, ...]:
    if observation.last is None:
        return ("no sample was ever seen",)
    if observation.last - now > MAX_SKEW:
        ahead = humanize.duration(observation.last - now)
        return (
            f"its newest sample is {ahead} ahead of this clock: nothing newer is stored until then",
            "set the clock right, then `collectd-fedmsg rewind` lets the series go on",
        )
    sentence = f"no sample for {humanize.duration(now - observation.last)}"
    past = observation.history
    waiting = next((x for x in reversed(past.backlog) if x is not None), None) if past else None
    if waiting is None:
        return (sentence,)
    return (
        f"{sentence}; {humanize.messages(waiting)} waited then",
        "what happens since is not known: neither good nor bad",
    )
