"""The verdicts: each one's severity, meaning and action; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .split import Split
from .usual import Usual

#: Half the distance of the bounds of a time to drain, as a share of it, beyond which only the
#: bounds are given: up to there the time is off by more than a fifth in one moment of twenty.
MAX_HALF_WIDTH = 0.5


class Verdict(Enum):
    """What a daemon's queue suffers from.

    ``severity``: from 0 to 3 (0 well, 1 worth knowing, 2 look today, 3 look now).
    """

    OK = (0, "The backlog is as small as usual.", "Nothing.")
    IDLE = (0, "Nothing arrives, as usual at this hour.", "Nothing.")
    RECOVERING = (1, "The backlog shrinks; the cause is over.", "Wait for the time given.")
    RESTART = (
        1,
        "The daemon restarted; what waited in its memory is lost.",
        "Check that replay fetched the lost messages.",
    )
    REPLAY = (
        1,
        "A restart fetched old messages again: the arrivals are a catch-up.",
        "Wait; look again if it lasts longer than the outage did.",
    )
    CREEP = (
        2,
        "The workers are ever busier; backlog is still 0 but will not stay so.",
        "Before the date given: speed up processing or add workers.",
    )
    ERRORS = (
        2,
        "Messages fail unusually often; a small backlog hides it.",
        "Mend what the exceptions named point at; where none is named, read the daemon's log.",
    )
    SURGE = (
        2,
        "More messages arrive than usual.",
        "Find the sender of the topic named; it usually passes, else add workers.",
    )
    MIX = (
        2,
        "As many messages as usual, but more of the expensive topics.",
        "Find the sender of the topic named; processing itself is as fast as ever.",
    )
    RETRIES = (
        2,
        "Failed messages come back and inflate the arrivals.",
        "Mend the failure; pause the retries if the backlog must stop growing.",
    )
    SLOW = (
        3,
        "Each message takes longer to process than usual.",
        "Look at what the daemon waits for: its database, disk or a remote service.",
    )
    BOTH = (
        3,
        "More messages arrive and each takes longer.",
        "Begin with the larger part: the sender for arrivals, the database for slow processing.",
    )
    WORKERS_LOST = (
        3,
        "Part of the workers hang or are gone; the rest carry on.",
        "See where the message hangs (or take a stack dump), restart; check the worker setting.",
    )
    SATURATED = (
        3,
        "Arrivals use up the whole capacity for good: it will never catch up.",
        "Add workers or make processing faster; waiting does not help.",
    )
    STARVED = (
        3,
        "A usually busy daemon receives nothing.",
        "Check its subscription, the relay before it and the network.",
    )
    NO_CONSUMER = (
        3,
        "Work waits on the broker and no consumer takes it.",
        "Start the service; see whether it may connect and subscribe.",
    )
    POISON = (
        3,
        "The same messages are delivered again and again and never acknowledged.",
        "Find the message at the head of the queue; reject it or mend its processing.",
    )
    PAUSED = (
        1,
        "Somebody has paused the consumer; what waits is on purpose.",
        "Resume it when the work is done.",
    )
    STALLED = (
        3,
        "Work waits and nothing is finished.",
        "See where the message hangs (or take a stack dump): a lock, a connection; then restart.",
    )
    TELEMETRY_LOST = (
        2,
        "The daemon lives but its numbers do not arrive or are frozen.",
        "Check the hub plugin, the socket's permissions and collectd.",
    )
    DOWN = (3, "The daemon's process is gone.", "Start it; read why it ended.")
    UNKNOWN = (
        1,
        "The evidence does not suffice; see what is missing.",
        "Provide the evidence named; do not take this for healthy.",
    )

    def __init__(self, severity: int, meaning: str, action: str) -> None:
        self.severity = severity
        self.meaning = meaning
        self.action = action

    @property
    def healthy(self) -> bool:
        """True for OK and IDLE only."""
        return self.severity == 0


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
    """Seconds until the backlog is as small as usual; ``latest`` is None when it may never be."""

    seconds: float
    earliest: float
    latest: float | None

    @property
    def claimed(self) -> bool:
        """Whether the bounds are close enough for the time itself to be given."""
        if self.latest is None:
            return False
        return self.latest - self.earliest <= 2 * MAX_HALF_WIDTH * self.seconds


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
    def based(self) -> bool:
        """Whether it was compared with earlier hours, not with this hour's calm samples."""
        return self.usual is not None and "a baseline" not in self.missing

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
        """The worst severity among the verdicts, 0 to 3."""
        return max(f.verdict.severity for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        drain, split = self.drain, self.split
        return {
            "now": self.now,
            "verdict": self.verdict.name,
            "severity": self.severity,
            "findings": [
                {
                    "verdict": f.verdict.name,
                    "certainty": round(f.certainty, 3),
                    "evidence": list(f.evidence),
                    "missing": list(f.missing),
                    "since": f.since,
                    "topic": f.topic,
                }
                for f in self.findings
            ],
            "split": split and {"growth": split.growth, "excess": split.excess, "lost": split.lost},
            "drain": drain
            and {
                "seconds": drain.seconds,
                "earliest": drain.earliest,
                "latest": drain.latest,
                "claimed": drain.claimed,
            },
            "saturation_time": self.saturation_time,
            "missing": list(self.missing),
            "unexplained": self.unexplained,
        }
