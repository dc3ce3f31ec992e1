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

#: A sample speaks for so many steps: two late polls in a row are possible.
REACH = 3.0
#: Kinds that look at the clock, not at samples: silence has none.
BY_CLOCK = ("daemon_silent", "collectd_silent")
#: Findings that say that nothing can be said.
SPEECHLESS = (Verdict.UNKNOWN, Verdict.TELEMETRY_LOST)


def readings(rule: Rule, seen: Observation, now: float, after: float, *, every: float,
             host_last: float | None) -> Iterator[Reading]:
    """Yield the readings later than ``after``, oldest first. Times in epoch seconds.

    Args:
        rule, seen: what to judge; the rule's kind decides how.
        now, after: the moment, and the newest that was judged already.
        every: seconds between evaluations.
        host_last: the newest of anything of the host, epoch seconds: what fell silent together
            with its collectd is not to blame. None: nobody watches the host as a whole.
    """
    if bool(seen.subject.service) is (rule.kind == "collectd_silent"):
        return
    if rule.kind in BY_CLOCK:
        yield from _silence(rule, seen, now, every, host_last)
    elif rule.kind in ("backlog", "oldest", "lost"):
        yield from _samples(rule, seen, after)
    elif seen.history is not None and seen.diagnosis is not None and seen.history.end > after:
        yield from _judged(rule, seen, seen.diagnosis, every)


def _silence(rule: Rule, seen: Observation, now: float, every: float,
             host_last: float | None) -> Iterator[Reading]:
    if seen.last is None:
        return
    silent = now - seen.last
    # Ahead of the clock nothing newer can be stored, so nobody knows how it is.
    ahead = -silent > max(rule.above, MAX_SKEW)
    silent = silent if ahead else max(0.0, silent)
    bad: bool | None = ahead or silent > rule.above
    if bad and not ahead and rule.kind == "daemon_silent" and host_last is not None and (
            host_last - seen.last <= rule.above / 2):
        bad = None
    yield Reading(now, bad, silent, waiting=_waiting(seen), reach=max(60.0, REACH * every),
                  began=now if ahead else seen.last)


def _samples(rule: Rule, seen: Observation, after: float) -> Iterator[Reading]:
    history = seen.history
    if history is None:
        return
    # Nearly all of it was judged before: begin at the first that was not.
    judged = after - history.time(0)
    first = max(0, int(judged / history.step)) if judged > 0 else 0
    for i in range(min(first, len(history)), len(history)):
        at, value = history.time(i), _value(rule.kind, seen, i)
        if at > after and value is not None:
            passed = (history.received[i] or 0.0) * history.step
            yield Reading(at, value > rule.above, value, passed, history.backlog[i] or 0.0,
                          REACH * history.step)


def _value(kind: str, seen: Observation, i: int) -> float | None:
    history = seen.history
    assert history is not None
    waiting = history.backlog[i]
    if kind == "backlog":
        return waiting
    if kind == "oldest":
        # With nothing waiting no age is reported: that is 0 and not a gap.
        return 0.0 if waiting == 0 else history.oldest[i] if history.oldest else None
    if waiting is None:
        return None
    at = history.time(i)
    # A restart is stamped with the start of the step in which the totals began anew.
    return sum(one.lost or 0.0 for one in history.restarts if at - history.step <= one.time < at)


def _judged(rule: Rule, seen: Observation, diagnosis: Diagnosis,
            every: float) -> Iterator[Reading]:
    history = seen.history
    assert history is not None
    waiting = _waiting(seen)
    # A verdict comes with an evaluation: two in a row are neighbours however far apart.
    reach = REACH * max(history.step, every)
    passed = next((x for x in reversed(history.received) if x is not None), 0.0) * history.step
    if rule.kind == "saturation":
        full = diagnosis.saturation_time
        left = None if full is None else max(0.0, full - diagnosis.now)
        bad = left is not None and left < rule.above
        yield Reading(history.end, None if _speechless(diagnosis) else bad, left or 0.0, passed,
                      waiting, reach)
        return
    ranks = [one.rank for one in diagnosis.verdicts if one.name in rule.verdicts]
    unsure = _speechless(diagnosis) and not ranks
    yield Reading(history.end, None if unsure else bool(ranks), float(max(ranks, default=0)),
                  passed, waiting, reach)


def _speechless(diagnosis: Diagnosis) -> bool:
    return diagnosis.verdict in SPEECHLESS


def _waiting(seen: Observation) -> float:
    if seen.history is None:
        return 0.0
    return next((x for x in reversed(seen.history.backlog) if x is not None), 0.0)
