"""Rules 16-17: a daemon too young to have past hours, judged by its own workers and minutes.

They refuse to judge where working time or workers are not known, and in the first minutes.
"""

from __future__ import annotations

from ..humanize import count, rate
from .draining import draining
from .facts import Facts
from .history import Window, window
from .rules_ahead import FULL
from .stats import SIGMAS, known
from .verdict import Finding, Verdict

#: Points watched: five minutes at the default interval, longer than what a burst of mail or a
#: garbage collection lasts.
YOUNG = 30
MISSING = ("a baseline",)


def outrun(facts: Facts) -> Finding | None:
    """Rule 16: all workers busy all the time, and more arrives than they end.

    What is usual need not be known for that: at these rates it cannot catch up.
    """
    if facts.based or facts.usual is not None or facts.onset is None or draining(facts):
        return None
    load = _load(facts, facts.span)
    if load is None or load < FULL or facts.drift <= SIGMAS * facts.drift_error:
        return None
    return Finding(Verdict.SATURATED, 0.8, (
        f"{rate(facts.span.arrival_rate)} arrive, {rate(facts.span.completion_rate)} are handled "
        f"with all workers busy {load:.0%} of the time: {count(facts.backlog)} wait and at these "
        "rates it will never catch up",), MISSING, facts.history.time(facts.span.start))


def nearly_full(facts: Facts) -> Finding | None:
    """Rule 17: nothing waits yet, but the workers have become nearly full in these minutes."""
    usual, last = facts.usual, facts.last + 1
    if facts.based or usual is None or usual.load is None or facts.onset is not None:
        return None
    seen = window(facts.history, last - YOUNG, last)
    load = _load(facts, seen)
    if load is None or load < FULL or usual.load >= FULL:
        return None
    # Busy with what had waited, that is no creep: it is left out.
    waited = max(known(facts.history.backlog[seen.start: seen.stop]), default=0.0)
    if seen.processed <= waited or load * (1 - waited / seen.processed) < FULL:
        return None
    # The mean of n messages' times scatters by 1/√n; twice that for arrivals and times both.
    error = load * (2 * usual.dispersion / max(1.0, seen.processed)) ** 0.5
    if load - usual.load < SIGMAS * error:
        return None
    return Finding(Verdict.CREEP, 0.7, (
        f"the workers are busy {load:.0%} of the time, before it was {usual.load:.0%}: "
        "a little more and messages wait",), MISSING, facts.history.time(max(0, seen.start)))


def _load(facts: Facts, seen: Window) -> float | None:
    """Return utilisation (0 to 1) over a window; None when it is too short or not known."""
    if seen.busy is None or not facts.workers or seen.seconds < YOUNG * facts.history.step:
        return None
    return seen.busy / seen.seconds / facts.workers
