"""A sequence of judgements → episodes: each verdict with its begin and end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..diagnosis.fleet.incident import Incident
from ..diagnosis.judgement import Judged, Judgement
from ..diagnosis.verdict import Verdict


@dataclass(frozen=True)
class Episode:
    """One verdict of one daemon, or one incident of several. Times in epoch seconds.

    ``end`` is the last moment at which it was said; ``over`` tells whether that was seen to end.
    """

    subject: str
    verdict: Verdict
    start: float
    end: float
    #: What was said last, and how severe it was.
    sentence: str
    severity: int
    over: bool = False
    members: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Return seconds from the first to the last moment at which it was said."""
        return self.end - self.start

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return {
            "subject": self.subject,
            "verdict": self.verdict.name,
            "start": self.start,
            "end": self.end,
            "duration": self.duration,
            "over": self.over,
            "severity": self.severity,
            "sentence": self.sentence,
            "members": list(self.members),
        }


@dataclass
class Episodes:
    """What was said until now, in the order of its beginning; the well are not listed."""

    episodes: list[Episode] = field(default_factory=list)
    incidents: list[Episode] = field(default_factory=list)
    _open: dict[str, int] = field(default_factory=dict)
    _shared: dict[str, int] = field(default_factory=dict)

    def add(self, whole: Judgement) -> None:
        """Add the judgement of a later moment."""
        _follow(
            self.episodes,
            self._open,
            whole.now,
            (
                _daemon(daemon, whole.now)
                for daemon in whole.daemons
                if not daemon.diagnosis.verdict.healthy
            ),
        )
        _follow(
            self.incidents,
            self._shared,
            whole.now,
            (_incident(incident, whole.now) for incident in whole.incidents if incident.shared),
        )


def _follow(
    episodes: list[Episode], current: dict[str, int], now: float, ongoing: Iterable[Episode]
) -> None:
    """Prolong the episodes that go on, close those that do not, begin the new ones."""
    present = {episode.subject: episode for episode in ongoing}
    for subject, index in list(current.items()):
        newest = present.get(subject)
        if newest is None or newest.verdict is not episodes[index].verdict:
            episodes[index] = replace(episodes[index], over=True)
            del current[subject]
    for subject, newest in present.items():
        if subject in current:
            index = current[subject]
            before = episodes[index]
            episodes[index] = replace(
                before,
                end=now,
                sentence=newest.sentence,
                members=tuple(sorted({*before.members, *newest.members})),
                severity=max(before.severity, newest.severity),
            )
        else:
            current[subject] = len(episodes)
            episodes.append(newest)


def _daemon(daemon: Judged, now: float) -> Episode:
    cause = daemon.diagnosis.findings[0]
    return Episode(
        daemon.id, cause.verdict, now, now, "; ".join(cause.evidence[:2]), daemon.diagnosis.severity
    )


def _incident(incident: Incident, now: float) -> Episode:
    name = f"{incident.scope.name.lower()} {incident.name}".strip()
    return Episode(
        name,
        incident.cause,
        now,
        now,
        incident.sentence,
        incident.severity,
        members=incident.members,
    )
