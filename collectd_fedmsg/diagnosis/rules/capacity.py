"""Rules 12-14: a backlog that shrinks, that stays for good, or that nothing explains."""

from __future__ import annotations

from ...humanize import count, rate, waits
from ..changes import fewer_workers
from ..draining import PLATEAU_SECONDS, draining
from ..facts import Facts
from ..verdict import Finding, Verdict
from .growth import growth


def recovering(facts: Facts) -> Finding | None:
    """Rule 12: above usual but shrinking beyond chance."""
    if not draining(facts):
        return None
    return Finding(Verdict.RECOVERING, 0.95, (
        f"{count(facts.backlog)} messages left, {count(-facts.drift)} fewer each second",))


def saturated(facts: Facts) -> Finding | None:
    """Rule 13: for half an hour the backlog stays or grows, whatever the cause."""
    if facts.onset is None or draining(facts) or facts.span.seconds < PLATEAU_SECONDS:
        return None
    # Nothing ended at all: stalled (rule 7), which is no lack of capacity.
    if not facts.recent.processed or _rule_8(facts):
        return None
    return Finding(Verdict.SATURATED, 0.9 if facts.usual else 0.6, (
        f"{rate(facts.span.arrival_rate)} arrive, {rate(facts.span.completion_rate)} are handled "
        f"at most: {count(facts.backlog)} wait and it will never catch up",),
        () if facts.based else ("a baseline",))


def unexplained_backlog(facts: Facts) -> Finding | None:
    """Rule 14: a backlog above chance that nothing explains yet, or nothing to compare it with."""
    if facts.onset is None or draining(facts) or growth(facts):
        return None
    if facts.usual is None:
        return Finding(Verdict.UNKNOWN, 0.9, (
            f"{waits(facts.backlog)}; what is usual is not known",), ("a baseline",))
    if not facts.recent.processed or _rule_8(facts) or facts.span.seconds >= PLATEAU_SECONDS:
        return None
    return Finding(Verdict.UNKNOWN, 0.9, (
        f"{waits(facts.backlog)}, more than chance makes; "
        "too early to say why",), ("more samples",))


def _rule_8(facts: Facts) -> bool:
    return bool(facts.hung) or fewer_workers(facts)
