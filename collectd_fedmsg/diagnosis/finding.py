"""What a rule says and what a diagnosis is; computes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .split import Split
from .usual import Usual
from .verdict import Verdict


@dataclass(frozen=True)
class Finding:
    """One verdict with its reasons. ``certainty`` is 0 to 1."""

    verdict: Verdict
    certainty: float
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    #: Wall clock when it began, epoch seconds.
    since: float | None = None
    #: The topic blamed.
    topic: str | None = None


@dataclass(frozen=True)
class Drain:
    """Seconds until the backlog is gone; ``latest`` is None when it may never be."""

    seconds: float
    earliest: float
    latest: float | None


@dataclass(frozen=True)
class Diagnosis:
    """The findings in cause order: the first is the cause. Never empty."""

    now: float
    findings: tuple[Finding, ...]
    split: Split | None = None
    drain: Drain | None = None
    #: CREEP: when the workers will be full, epoch seconds.
    saturation_time: float | None = None
    #: What would make it more certain.
    missing: tuple[str, ...] = field(default=())
    #: Messages by which Δbacklog differs from received - processed; None when not checkable.
    unexplained: float | None = None
    #: A backlog of more messages than this is no chance; None when nothing could be judged.
    limit: float | None = None
    #: What it was compared with; None without anything to compare.
    usual: Usual | None = None

    @property
    def verdict(self) -> Verdict:
        """The cause."""
        return self.findings[0].verdict

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts that hold, the cause first."""
        return tuple(f.verdict for f in self.findings)

    @property
    def evidence(self) -> tuple[str, ...]:
        """All sentences, the cause's first."""
        return tuple(s for f in self.findings for s in f.evidence)

    @property
    def severity(self) -> int:
        """The worst rank among the verdicts, 0 to 3."""
        return max(f.verdict.rank for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        drain, split = self.drain, self.split
        return {
            "now": self.now, "verdict": self.verdict.name, "severity": self.severity,
            "findings": [{"verdict": f.verdict.name, "certainty": round(f.certainty, 3),
                          "evidence": list(f.evidence), "missing": list(f.missing),
                          "since": f.since, "topic": f.topic} for f in self.findings],
            "split": split and {"growth": split.growth, "excess": split.excess,
                                "lost": split.lost},
            "drain": drain and {"seconds": drain.seconds, "earliest": drain.earliest,
                                "latest": drain.latest},
            "saturation_time": self.saturation_time, "missing": list(self.missing),
            "unexplained": self.unexplained}
