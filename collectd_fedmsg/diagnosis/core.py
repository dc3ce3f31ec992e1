"""The diagnosis of one daemon: run every rule in cause order; reads no clock or store."""

from __future__ import annotations

from typing import Callable

from . import rules_growth, rules_life, rules_work
from .audit import unexplained
from .baseline import Baseline
from .drain import time_to_drain
from .facts import Facts, gather
from .finding import Diagnosis, Finding
from .history import History
from .verdict import Verdict
from .window import PERSIST, window
from .words import count, rate

Rule = Callable[[Facts], "Finding | None"]
#: Rules that, when they fire, leave nothing for the others to judge.
FINAL: tuple[Rule, ...] = (rules_life.down, rules_life.silent, rules_life.frozen)
#: The others in cause order: what comes first explains what comes after it.
RULES: tuple[Rule, ...] = (
    rules_work.stalled, rules_work.workers_lost, rules_work.retries, rules_work.errors,
    rules_growth.growth, rules_growth.recovering, rules_growth.saturated,
    rules_life.starved, rules_growth.unexplained_backlog, rules_life.restarted,
    rules_life.unjudgeable,
)


def diagnose(history: History, now: float, baseline: Baseline | None = None) -> Diagnosis:
    """Return what ails one consumer at ``now`` (epoch seconds); never raises on gaps.

    An hour at 10 s costs under a millisecond.
    """
    facts = gather(history, now, baseline)
    for rule in FINAL:
        found = rule(facts)
        if found is not None:
            return Diagnosis(now, (found,), missing=found.missing)
    findings = [f for f in (rule(facts) for rule in RULES) if f is not None]
    if not any(not f.verdict.healthy for f in findings):
        findings.append(_well(facts))
    audit = unexplained(facts)
    missing = dict.fromkeys(m for f in findings for m in f.missing)
    if not facts.based:
        missing["a baseline"] = None
    if audit and audit[1]:
        missing[f"trustworthy counts: {count(audit[0])} messages appear or vanish"] = None
        findings = [Finding(**{**f.__dict__, "certainty": f.certainty / 2}) for f in findings]
    return Diagnosis(now, tuple(findings), facts.split, time_to_drain(facts),
                     None, tuple(missing), audit[0] if audit else None, facts.limit, facts.usual)


def _well(facts: Facts) -> Finding:
    seen, usual = facts.span, facts.usual
    if not seen.received and not facts.backlog:
        return Finding(Verdict.IDLE, 0.9 if facts.based else 0.5, ("nothing arrives",),
                       () if facts.based else ("a baseline",))
    now = window(facts.history, facts.last + 1 - PERSIST, facts.last + 1)
    than = f", usual is {rate(usual.received)}" if usual and facts.based else ""
    return Finding(Verdict.OK, 0.95 if facts.based else 0.6, (
        f"{count(facts.backlog)} messages wait; {rate(now.arrival_rate)} arrive{than}",),
        () if facts.based else ("a baseline",))
