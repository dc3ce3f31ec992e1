"""The diagnosis of one daemon: ask every rule in order; reads no clock or store."""

from __future__ import annotations

from dataclasses import replace

from ..humanize import count, rate, waits
from .baseline import Baseline
from .causes import cause, evident
from .draining import time_to_drain
from .facts import Facts, missing
from .gather import gather
from .history import PERSIST, History, window
from .rules import FINAL, RULES
from .rules.capacity import slower_but_keeping_up
from .verdict import Diagnosis, Finding, Verdict


def diagnose(history: History, now: float, baseline: Baseline | None = None) -> Diagnosis:
    """Return what ails one consumer at ``now`` (epoch seconds); never raises on gaps.

    An hour at 10 s costs under a millisecond.
    """
    facts = gather(history, now, baseline)
    facts = replace(facts, cause=evident(facts) if facts.onset is None else cause(facts))
    for rule in FINAL:
        final = _several(rule(facts))
        if final:
            return Diagnosis(now, final, missing=final[0].missing)
    findings = _effects_last([f for rule in RULES for f in _several(rule(facts))])
    well = all(f.verdict.healthy for f in findings)
    if well:
        findings.append(_well(facts))
    balance = unexplained(facts)
    lacking = dict.fromkeys(m for f in findings for m in f.missing)
    lacking.update(dict.fromkeys(["a baseline"][facts.based :] if well else missing(facts)))
    if balance and balance[1]:
        lacking[f"trustworthy counts: {count(balance[0])} messages appear or vanish"] = None
        findings = [replace(f, certainty=f.certainty / 2) for f in findings]
    verdicts = {f.verdict for f in findings}
    full = facts.trend.full_at(now) if facts.trend and Verdict.CREEP in verdicts else None
    return Diagnosis(
        now,
        tuple(findings),
        facts.cause.split if facts.cause else None,
        time_to_drain(facts) if Verdict.RECOVERING in verdicts else None,
        full,
        tuple(lacking),
        balance[0] if balance else None,
        facts.limit,
        facts.usual,
    )


def _several(findings: Finding | tuple[Finding, ...] | None) -> tuple[Finding, ...]:
    if findings is None:
        return ()
    return findings if isinstance(findings, tuple) else (findings,)


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
    recent, usual = facts.span, facts.usual
    lacks = () if facts.based else ("a baseline",)
    if not recent.received and not facts.backlog:
        return Finding(Verdict.IDLE, 0.9 if facts.based else 0.5, ("nothing arrives",), lacks)
    now = window(facts.history, facts.last + 1 - PERSIST, facts.last + 1)
    than = f", usual is {rate(usual.received)}" if usual and facts.based else ""
    slower = slower_but_keeping_up(facts)
    return Finding(
        Verdict.OK,
        0.95 if facts.based else 0.6,
        (
            f"{waits(facts.backlog)}; {rate(now.arrival_rate)} arrive{than}",
            *([slower] if slower else []),
        ),
        lacks,
    )


def unexplained(facts: Facts) -> tuple[float, bool] | None:
    """Return (messages that appear or vanish, whether too many), None when not checkable.

    Δbacklog = received - processed - vanished, or the counting is suspect. A store aligns rates
    to its steps but keeps gauges as they were: each run of known points may be off by one
    step's flow at either end, so two steps are allowed.
    """
    history = facts.history
    broken = [r.time for r in history.restarts]
    gone = history.vanished or [0.0] * len(history)
    total, flow, peak, level = 0.0, 0.0, 0.0, None
    # From the point before the onset: a jump is the onset.
    for i in range(max(0, facts.span.start - 1), facts.span.stop):
        received, processed, now = history.received[i], history.processed[i], history.backlog[i]
        vanished = gone[i]
        if received is None or processed is None or now is None or vanished is None:
            level = None
            continue
        time = history.time(i) if broken else 0.0
        if level is not None and not any(time - history.step <= b <= time for b in broken):
            total += now - level - (received - processed - vanished) * history.step
            flow += 1
            peak = max(peak, received, processed, vanished)
        level = now
    if not flow:
        return None
    return total, abs(total) > 2 * peak * history.step + 2
