"""One condition of one subject over time: hold, clear, flapping.

Refuses to let one good sample clear anything, to count the same sample twice, and to take
what is unknown for good or for bad.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from .records import Alert, Reason, Subject, digest, worse
from .rules import KINDS, Flapping, Rule

#: Good samples that a clear needs, however short ``clear`` is.
GOOD_SAMPLES = 2


class Event(Enum):
    """What a step did that may need a notice."""

    RAISED = "raised"
    WORSE = "worse"
    CLEARED = "cleared"


@dataclass(frozen=True)
class Reading:
    """A condition at one sample. ``at`` in seconds since the epoch; ``bad`` None is unknown."""

    at: float
    bad: bool | None
    value: float = 0.0
    #: Messages received since the sample before.
    passed: float = 0.0
    #: Messages waiting now.
    waiting: float = 0.0
    #: Seconds that a sample speaks for: a longer gap is neither good nor bad time.
    reach: float = 60.0
    #: When the condition began, where that is known better than from the first bad reading.
    began: float | None = None


@dataclass(frozen=True)
class Track:
    """The state of one rule for one subject; nothing else is remembered."""

    at: float = float("-inf")
    last: bool | None = None
    #: Seconds, over neighbouring bad (good) samples only.
    bad_for: float = 0.0
    good_for: float = 0.0
    goods: int = 0
    since: float | None = None
    peak: float = 0.0
    affected: float = 0.0
    alert: Alert | None = None
    #: The last cause found while it was bad: later verdicts (draining) explain less.
    reason: Reason | None = None
    #: Times of the raises within the flapping window.
    raises: tuple[float, ...] = ()

    @property
    def idle(self) -> bool:
        """Return whether forgetting it changes nothing."""
        return self.since is None and self.alert is None and not self.raises


def step(
    track: Track, reading: Reading, rule: Rule, subject: Subject, flapping: Flapping
) -> tuple[Track, Event | None]:
    """Return the track after one sample, and what happened; an old sample changes nothing."""
    if reading.at <= track.at:
        return track, None
    span = reading.at - track.at
    joined = track.last is not None and track.last == reading.bad and span <= reading.reach
    seconds = span if joined else 0.0
    recent = tuple(at for at in track.raises if at > reading.at - flapping.within)
    track = replace(track, at=reading.at, last=reading.bad, raises=recent)
    if reading.bad is None:
        return track, None
    if reading.bad:
        return _bad(track, reading, rule, subject, flapping, seconds)
    return _good(track, rule, flapping, seconds)


def _bad(  # noqa: PLR0917
    track: Track, reading: Reading, rule: Rule, subject: Subject, flapping: Flapping, seconds: float
) -> tuple[Track, Event | None]:
    new = track.since is None
    track = replace(
        track,
        bad_for=track.bad_for + seconds,
        good_for=0.0,
        goods=0,
        since=(reading.began or reading.at) if new else track.since,
        peak=reading.value if new else max(track.peak, reading.value),
        affected=reading.waiting if new else track.affected + reading.passed,
    )
    severity = rule.severity
    if rule.critical_above is not None and reading.value > rule.critical_above:
        severity = "critical"
    if track.alert is not None:
        # The severity never falls before the clear: otherwise it could flap as well.
        now = worse(severity, track.alert.severity)
        grown = now != track.alert.severity
        alert = replace(
            track.alert,
            value=reading.value,
            peak=track.peak,
            severity=now,
            affected=track.affected,
            ack=None if grown else track.alert.ack,
            worse_since=reading.at if grown else track.alert.worse_since,
        )
        return replace(track, alert=alert), Event.WORSE if grown else None
    if track.bad_for < rule.hold or track.since is None:
        return track, None
    raises = (*track.raises, reading.at)
    many = len(raises) if len(raises) >= flapping.raises else 0
    reason = track.reason or Reason(rule.kind, (), "")
    alert = Alert(
        id=digest(rule.name, subject.host, subject.service, subject.consumer, reading.at),
        rule=rule.name,
        kind=rule.kind,
        subject=subject,
        severity=severity,
        since=track.since,
        raised=reading.at,
        unit=KINDS[rule.kind],
        value=reading.value,
        limit=rule.above,
        peak=track.peak,
        affected=track.affected,
        flapping=many,
        cause=reason.cause,
        why=reason.why,
        action=reason.action,
        incident=reason.incident,
        outputs=rule.outputs,
        repeat=rule.repeat,
    )
    return replace(track, alert=alert, raises=raises), Event.RAISED


def _good(
    track: Track, rule: Rule, flapping: Flapping, seconds: float
) -> tuple[Track, Event | None]:
    track = replace(track, bad_for=0.0, good_for=track.good_for + seconds, goods=track.goods + 1)
    if track.alert is None:
        return close(track), None
    wanted = max(rule.clear, flapping.within) if track.alert.flapping else rule.clear
    if track.goods < GOOD_SAMPLES or track.good_for < wanted:
        return track, None
    # The alert stays on the track for whoever handles the event; ``close`` takes it off.
    return replace(track, alert=replace(track.alert, cleared=track.at)), Event.CLEARED


def close(track: Track) -> Track:
    """Return the track without its alert, after a clear was handled."""
    return replace(track, alert=None, reason=None, since=None, peak=0.0, affected=0.0)
