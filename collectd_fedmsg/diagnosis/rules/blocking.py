"""Rule 16: in blocking mode nobody sees the backlog, but a reactor always busy has one."""

from __future__ import annotations

from ...humanize import duration, rate, ratio
from ..changes import excess
from ..facts import Facts
from ..failures import windows
from ..stats import SIGMAS, SURE
from ..verdict import Finding, Verdict

#: Busy 19 seconds of 20, a queue at random times would be 19 long (ρ/(1 - ρ)); the polls
#: between two messages take the rest.
ALWAYS = 0.95


def unseen(facts: Facts) -> Finding | None:
    """SLOW or SURGE of a daemon whose one thread never rests, by what changed."""
    usual = facts.usual
    if not facts.history.blind or usual is None or not usual.service:
        return None
    for seen in windows(facts):
        if seen.busy is None or not seen.seconds or seen.processed < 1:
            continue
        load = seen.busy / seen.seconds
        if load < ALWAYS:
            continue
        slower = seen.busy / seen.processed / usual.service
        says = (f"the reactor is busy {min(load, 1):.0%} of the time for {duration(seen.seconds)}: "
                "messages wait")
        hidden = ("the true backlog (blocking mode)",)
        if slower - 1 > SIGMAS * usual.variation / seen.processed ** 0.5:
            return Finding(Verdict.SLOW, 0.85, (
                f"{says} unseen; {ratio(slower)} the usual time per message", ), hidden)
        if seen.processed >= SURE and excess(facts, seen) > SIGMAS:
            return Finding(Verdict.SURGE, 0.85, (
                f"{says} unseen; {rate(seen.arrival_rate)} are taken, usual is "
                f"{rate(usual.received)}",), hidden)
    return None
