"""The judgement of a whole fleet at one moment; the one way from series to verdicts.

Dashboard, commands and alerts all come this way, so that they say the same of the same
series. Reads no store and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..humanize import duration, messages, waits
from .baseline import Baseline
from .diagnose import diagnose
from .fleet.groups import Dependency
from .fleet.incident import Incident
from .fleet.incidents import incidents
from .fleet.members import member
from .history import History
from .rules.blocking import hidden_backlog
from .verdict import Diagnosis, Finding, Verdict


@dataclass(frozen=True)
class Judged:
    """One daemon and what is said of it. ``last`` is its newest sample, epoch seconds."""

    id: str
    host: str
    service: str
    consumer: str
    diagnosis: Diagnosis
    history: History | None = None
    last: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return {
            "id": self.id,
            "host": self.host,
            "service": self.service,
            "consumer": self.consumer,
            "last_sample": self.last,
            "step": self.history.step if self.history else None,
            **self.diagnosis.to_dict(),
        }


@dataclass(frozen=True)
class Judgement:
    """Every daemon, and which of them suffer together; ``now`` in epoch seconds."""

    now: float
    daemons: tuple[Judged, ...]
    incidents: tuple[Incident, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return {
            "now": self.now,
            "daemons": [daemon.to_dict() for daemon in self.daemons],
            "incidents": [incident.to_dict() for incident in self.incidents],
        }


def judge(history: History | None, now: float, baseline: Baseline | None = None) -> Diagnosis:
    """Return what ails one daemon at ``now`` (epoch seconds); no series at all is UNKNOWN.

    A backlog beyond chance that is too young for any rule is UNKNOWN too, never well.
    """
    if history is None:
        missing = ("samples", "whether the process lives")
        return Diagnosis(
            now,
            (Finding(Verdict.UNKNOWN, 1.0, ("no samples in the span looked at",), missing),),
            missing=missing,
        )
    diagnosis = diagnose(history, now, baseline)
    if not history.observable:
        # What the rules are sure of without a backlog (a reactor that never rests, nothing
        # received) leads; that the rest cannot be seen is said after it.
        hidden = hidden_backlog(history, now)
        sure = tuple(f for f in diagnosis.findings if f.verdict.severity > Verdict.UNKNOWN.severity)
        return replace(hidden, findings=(*sure, *hidden.findings))
    cause = diagnosis.findings[0]
    if history.backlog_hidden and cause.verdict is Verdict.UNKNOWN:
        return hidden_backlog(history, now)
    waiting = next((x for x in reversed(history.backlog) if x is not None), None)
    if cause.verdict is Verdict.UNKNOWN and "samples" in cause.missing and waiting:
        evidence = (*cause.evidence, f"{messages(waiting)} waited then")
        return replace(
            diagnosis, findings=(replace(cause, evidence=evidence), *diagnosis.findings[1:])
        )
    if not (
        cause.verdict is Verdict.OK
        and diagnosis.limit is not None
        and waiting is not None
        and waiting > diagnosis.limit
    ):
        return diagnosis
    early = Finding(
        Verdict.UNKNOWN,
        1.0,
        (f"{waits(waiting)}, since less than {duration(3 * history.step)}: too early to say why",),
        ("three samples since it began",),
    )
    return replace(
        diagnosis,
        findings=(early, *diagnosis.findings[1:]),
        missing=(*diagnosis.missing, *early.missing),
    )


def judgement(
    now: float, daemons: Iterable[Judged], shared: Sequence[Dependency] = ()
) -> Judgement:
    """Return the fleet's judgement from its daemons' and what they are declared to share."""
    judged = tuple(daemons)
    members = [
        member(daemon.id, daemon.host, daemon.diagnosis, daemon.history) for daemon in judged
    ]
    return Judgement(now, judged, incidents(members, shared))
