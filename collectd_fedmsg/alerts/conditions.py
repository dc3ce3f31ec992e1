"""A rule and an observation → good, bad or unknown, sample by sample.

Refuses to judge what is missing: a gap gives no reading at all, neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnosis import Diagnosis, Verdict
from .clock import MAX_SKEW
from .lifecycle import Reading
from .observation import Observation
from .rules import Rule

#: Steps for which a sample is valid: two late polls in a row are possible.
REACH_STEPS = 3.0
#: Rule kinds judged by the clock: a silent daemon has no samples.
BY_CLOCK = ("daemon_silent", "collectd_silent")
#: Verdicts that mean "cannot be judged".
SPEECHLESS = (Verdict.UNKNOWN, Verdict.TELEMETRY_LOST)


def readings(
    rule: Rule,
    observation: Observation,
    now: float,
    after: float,
    *,
    every: float,
    host_last: float | None,
) -> Iterator[Reading]:
    """Yield the readings later than ``after``, oldest first. Times in epoch seconds.

    Args:
        rule, observation: what to judge; the rule's kind decides how.
        now, after: the moment, and the newest that was judged already.
        every: seconds between evaluations.
        host_last: the newest of anything of the host, epoch seconds: what fell silent together
            with its collectd is not to blame. None: nobody watches the host as a whole.
    """
    if bool(observation.subject.service) is (rule.kind == "collectd_silent"):
        return
    if rule.kind in BY_CLOCK:
        yield from _silence(rule, observation, now, every, host_last)
    elif rule.kind in ("backlog", "oldest", "lost"):
        yield from _samples(rule, observation, after)
    elif (
        observation.history is not None
        and observation.diagnosis is not None
        and (observation.history.end > after)
    ):
        yield from _judged(rule, observation, observation.diagnosis, every)


def _silence(
    rule: Rule, observation: Observation, now: float, every: float, host_last: float | None
) -> Iterator[Reading]:
    if observation.last is None:
        return
    silent = now - observation.last
    # The newest sample is ahead of the clock: nothing newer can be stored, the state is unknown.
    ahead = -silent > max(rule.above, MAX_SKEW)
    silent = silent if ahead else max(0.0, silent)
    bad: bool | None = ahead or silent > rule.above
    if (
        bad
        and not ahead
        and rule.kind == "daemon_silent"
        and host_last is not None
        and (host_last - observation.last <= rule.above / 2)
    ):
        bad = None
    yield Reading(
        now,
        bad,
        silent,
        waiting=_waiting(observation),
        reach=max(60.0, REACH_STEPS * every),
        began=now if ahead else observation.last,
    )


def _samples(rule: Rule, observation: Observation, after: float) -> Iterator[Reading]:
    history = observation.history
    if history is None:
        return
    # Nearly all samples were judged before: begin at the first new one.
    judged = after - history.time(0)
    first = max(0, int(judged / history.step)) if judged > 0 else 0
    for i in range(min(first, len(history)), len(history)):
        at, value = history.time(i), _value(rule.kind, observation, i)
        if at > after and value is not None:
            passed = (history.received[i] or 0.0) * history.step
            yield Reading(
                at,
                value > rule.above,
                value,
                passed,
                history.backlog[i] or 0.0,
                REACH_STEPS * history.step,
            )


def _value(kind: str, observation: Observation, i: int) -> float | None:
    history = observation.history
    assert history is not None
    waiting = history.backlog[i]
    if kind == "backlog":
        return waiting
    if kind == "oldest":
        # Without a backlog no age is reported: that is 0, not a gap.
        return 0.0 if waiting == 0 else history.oldest[i] if history.oldest else None
    if waiting is None:
        return None
    at = history.time(i)
    # A restart is stamped with the start of the step in which the totals restarted.
    return sum(
        restart.lost or 0.0
        for restart in history.restarts
        if at - history.step <= restart.time < at
    )


def _judged(
    rule: Rule, observation: Observation, diagnosis: Diagnosis, every: float
) -> Iterator[Reading]:
    history = observation.history
    assert history is not None
    waiting = _waiting(observation)
    # One verdict per evaluation: two in a row are neighbours, whatever the time between them.
    reach = REACH_STEPS * max(history.step, every)
    passed = next((x for x in reversed(history.received) if x is not None), 0.0) * history.step
    if rule.kind == "saturation":
        full = diagnosis.saturation_time
        left = None if full is None else max(0.0, full - diagnosis.now)
        bad = left is not None and left < rule.above
        yield Reading(
            history.end,
            None if _speechless(diagnosis) else bad,
            left or 0.0,
            passed,
            waiting,
            reach,
        )
        return
    severities = [
        verdict.severity for verdict in diagnosis.verdicts if verdict.name in rule.verdicts
    ]
    unsure = _speechless(diagnosis) and not severities
    yield Reading(
        history.end,
        None if unsure else bool(severities),
        float(max(severities, default=0)),
        passed,
        waiting,
        reach,
    )


def _speechless(diagnosis: Diagnosis) -> bool:
    return diagnosis.verdict in SPEECHLESS


def _waiting(observation: Observation) -> float:
    if observation.history is None:
        return 0.0
    return next((x for x in reversed(observation.history.backlog) if x is not None), 0.0)
