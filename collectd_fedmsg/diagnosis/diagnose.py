"""The diagnosis of one daemon: run every rule in cause order; reads no clock or store."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from ..humanize import count, rate, waits
from . import rules_ahead, rules_young
from .audit import unexplained
from .baseline import Baseline
from .drain import time_to_drain
from .evidence import missing
from .facts import Facts, gather
from .history import PERSIST, History, window
from .rules import blocking as rules_blocking
from .rules import capacity as rules_level
from .rules import growth as rules_growth
from .rules import presence as rules_life
from .rules import work as rules_work
from .verdict import Diagnosis, Finding, Verdict

Rule = Callable[[Facts], "Finding | tuple[Finding, ...] | None"]
#: Rules that, when they fire, leave nothing for the others to judge.
FINAL: tuple[Rule, ...] = (rules_life.down, rules_life.silent, rules_life.frozen)
#: The others in cause order: what comes first explains what comes after it.
RULES: tuple[Rule, ...] = (
    rules_work.stalled, rules_work.workers_lost, rules_work.failures,
    rules_growth.growth, rules_blocking.unseen, rules_level.recovering, rules_level.saturated,
    rules_young.outrun,
    rules_life.starved, rules_level.unexplained_backlog, rules_life.restarted,
    rules_life.unjudgeable, rules_ahead.creep, rules_young.nearly_full,
)


def diagnose(history: History, now: float, baseline: Baseline | None = None) -> Diagnosis:
    """Return what ails one consumer at ``now`` (epoch seconds); never raises on gaps.

    An hour at 10 s costs under a millisecond.
    """
    facts = gather(history, now, baseline)
    for rule in FINAL:
        found = _several(rule(facts))
        if found:
            return Diagnosis(now, found, missing=found[0].missing)
    findings = _effects_last([f for rule in RULES for f in _several(rule(facts))])
    well = all(f.verdict.healthy for f in findings)
    if well:
        findings.append(_well(facts))
    audit = unexplained(facts)
    lacking = dict.fromkeys(m for f in findings for m in f.missing)
    lacking.update(dict.fromkeys(["a baseline"][facts.based:] if well else missing(facts)))
    if audit and audit[1]:
        lacking[f"trustworthy counts: {count(audit[0])} messages appear or vanish"] = None
        findings = [replace(f, certainty=f.certainty / 2) for f in findings]
    saturation_time = facts.trend.full_at(now) if facts.trend else None
    ahead = any(f.verdict is Verdict.CREEP for f in findings)
    return Diagnosis(now, tuple(findings), facts.split, time_to_drain(facts),
                     saturation_time if ahead else None, tuple(lacking),
                     audit[0] if audit else None, facts.limit, facts.usual)


def _several(found: Finding | tuple[Finding, ...] | None) -> tuple[Finding, ...]:
    if found is None:
        return ()
    return found if isinstance(found, tuple) else (found,)


def _effects_last(findings: list[Finding]) -> list[Finding]:
    """Put failures behind the slowness that makes messages fail; drop what retries explain."""
    by = {f.verdict: f for f in findings}
    fails = by.get(Verdict.RETRIES) or by.get(Verdict.ERRORS)
    slow = by.get(Verdict.SLOW)
    if fails is None:
        return findings
    explained = {fails.verdict, Verdict.SLOW}
    if fails.verdict is Verdict.RETRIES:
        both = by.get(Verdict.BOTH)
        if slow is None and both is not None:
            # The arrivals' part of it is the retries', so the slowness is the cause.
            slow = replace(both, verdict=Verdict.SLOW, topic=None)
        explained |= {Verdict.BOTH, Verdict.SURGE}
    rest = [f for f in findings if f.verdict not in explained]
    return [*([slow] if slow else []), fails, *rest]


def _well(facts: Facts) -> Finding:
    seen, usual = facts.span, facts.usual
    if not seen.received and not facts.backlog:
        return Finding(Verdict.IDLE, 0.9 if facts.based else 0.5, ("nothing arrives",),
                       () if facts.based else ("a baseline",))
    now = window(facts.history, facts.last + 1 - PERSIST, facts.last + 1)
    than = f", usual is {rate(usual.received)}" if usual and facts.based else ""
    return Finding(Verdict.OK, 0.95 if facts.based else 0.6, (
        f"{waits(facts.backlog)}; {rate(now.arrival_rate)} arrive{than}",),
        () if facts.based else ("a baseline",))
