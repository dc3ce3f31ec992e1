"""Rules 12-14: a backlog that shrinks, that stays for good, or that nothing explains."""

from __future__ import annotations

from .changes import fewer_workers
from .direction import PLATEAU_SECONDS, draining
from .facts import Facts
from .finding import Finding
from .rules_growth import growth
from .verdict import Verdict
from .words import count, rate


def recovering(facts: Facts) -> Finding | None:
    """Rule 12: above usual but shrinking beyond chance."""
    if not draining(facts):
        return None
    return Finding(Verdict.RECOVERING, 0.95, (
        f"{count(facts.backlog)} messages left, {count(-facts.drift)} fewer each second",))


def saturated(facts: Facts) -> Finding | None:
    """Rule 13: the backlog stays or grows and no change against the usual explains it."""
    # Nothing ended at all: stalled (rule 7), which is no lack of capacity.
    if facts.onset is None or draining(facts) or not facts.recent.processed:
        return None
    cause = growth(facts)
    if cause and facts.span.seconds < PLATEAU_SECONDS:
        return None
    if not cause and facts.usual is None and facts.span.seconds < PLATEAU_SECONDS:
        return None
    if not cause and (facts.hung or fewer_workers(facts)):
        return None
    return Finding(Verdict.SATURATED, 0.9 if facts.usual else 0.6, (
        f"{rate(facts.span.arrival_rate)} arrive, {rate(facts.span.completion_rate)} are handled "
        f"at most: {count(facts.backlog)} wait and it will never catch up",),
        () if facts.based else ("a baseline",))


def unexplained_backlog(facts: Facts) -> Finding | None:
    """Rule 14: a backlog above chance, and nothing to compare it with."""
    if facts.onset is None or facts.usual is not None or draining(facts):
        return None
    return Finding(Verdict.UNKNOWN, 0.9, (
        f"{count(facts.backlog)} messages wait; what is usual is not known",), ("a baseline",))
