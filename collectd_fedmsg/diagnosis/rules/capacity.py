"""Capacity: full for good, filling up, or a backlog that nothing explains yet."""

from __future__ import annotations

from ...humanize import count, duration, rate, ratio, waits
from ..causes import fewer_workers
from ..draining import PLATEAU_SECONDS, falls, rises
from ..excess import MIN_MESSAGES, mean_time
from ..facts import Facts
from ..gather import cut
from ..history import PERSIST, Window, window
from ..season import wander
from ..stats import SIGMAS, known
from ..trend import HORIZON
from ..usual import Usual
from ..verdict import Finding, Verdict
from .growth import recovering
from .work import stalled

#: From here on the wait explodes: ρ/(1 - ρ) service times are 9 at 0.9 and 19 at 0.95
#: (Kingman 1961).
FULL = 0.9
#: Seconds looked at: a passing surge of minutes is no creep.
LONG = 1800
#: Points watched without a baseline: five minutes at the default interval, longer than what a
#: burst of mail or a garbage collection lasts.
YOUNG = 30
#: Multiple of the usual service time that is mentioned though the workers keep up.
NOTABLE = 3.0
MISSING = ("a baseline",)


def saturated(facts: Facts) -> Finding | None:
    """SATURATED: for half an hour what acts has not let the backlog shrink, whatever it is.

    Without anything to compare with: all workers busy, and more arrives than they end.
    """
    if facts.onset is None or falls(facts) or not facts.span.processed:
        return None
    if facts.hung or fewer_workers(facts):
        return None
    history = facts.history
    begun = facts.cause.start if facts.cause else facts.onset
    lasting = (facts.last + 1 - begun) * history.step >= PLATEAU_SECONDS
    outrun = (
        facts.usual is None and rises(facts) and ((_load(facts, facts.span, YOUNG) or 0.0) >= FULL)
    )
    if not outrun and not (lasting and (facts.cause or facts.usual is None)):
        return None
    recent = window(history, begun, facts.last + 1)
    return Finding(
        Verdict.SATURATED,
        0.9 if facts.based else 0.6,
        (
            f"{rate(recent.arrival_rate)} arrive, "
            f"{rate(recent.completion_rate)} are handled at most: "
            f"{count(facts.backlog)} wait and at these rates it will never catch up",
        ),
        () if facts.based else MISSING,
        history.time(begun) - history.step,
    )


def unexplained_backlog(facts: Facts) -> Finding | None:
    """UNKNOWN: a backlog above chance that nothing explains, or nothing to compare it with."""
    if facts.onset is None or facts.cause is not None or recovering(facts):
        return None
    if facts.usual is None:
        return Finding(
            Verdict.UNKNOWN, 0.9, (f"{waits(facts.backlog)}; what is usual is not known",), MISSING
        )
    if stalled(facts) or facts.hung or fewer_workers(facts):
        return None
    return Finding(
        Verdict.UNKNOWN,
        0.9,
        (f"{waits(facts.backlog)}, more than chance makes; nothing explains it yet",),
        ("more samples",),
    )


def creep(facts: Facts) -> Finding | None:
    """CREEP: nothing waits yet, but the workers are filling up.

    With its date from the trend of past hours, or without one from the last half hour.
    """
    if facts.onset is not None:
        return None
    trend = facts.trend
    if trend is not None and trend.left() <= HORIZON:
        left = trend.left()
        when = (
            f"at that pace full in {duration(left)}, give or take "
            f"{duration(2 * trend.doubt * left)}"
            if trend.full_at(facts.now) is not None
            else f"at that pace full within {duration(left * (1 + 2 * trend.doubt))}"
        )
        return Finding(
            Verdict.CREEP,
            0.9,
            (
                f"the workers are busy {trend.level:.0%} of the time at the busiest hour, "
                f"{trend.per_hour:.1%} more each hour over {duration(trend.hours * 3600)}: "
                f"{when}",
            ),
            since=facts.now - trend.hours * 3600,
        )
    return _nearly_full(facts)


def _nearly_full(facts: Facts) -> Finding | None:
    usual, history, last = facts.usual, facts.history, facts.last + 1
    if usual is None or usual.load is None or usual.load >= FULL:
        return None
    least = round(LONG / history.step / 2) if facts.based else YOUNG
    longest = int(LONG / history.step) if facts.based else YOUNG
    recent = window(history, last - longest, last)
    # Work that was caught up is no trend: only what came after it is looked at.
    levels = history.backlog[recent.start : recent.stop]
    waited = [i for i, x in enumerate(levels) if (x or 0.0) > facts.limit]
    if waited:
        recent = window(history, recent.start + waited[-1] + 1, last)
    load = _load(facts, recent, least)
    if load is None or load < FULL:
        return None
    # The first messages of the rest may still be of that backlog.
    left = max(known(history.backlog[recent.start : recent.stop]), default=0.0)
    if recent.processed <= left or load * (1 - left / recent.processed) < FULL:
        return None
    # The means of n service times and of n arrivals scatter by c/√n; a load that differs from
    # one day to the next adds that.
    wanders = wander(facts.past, facts.now) if facts.past is not None and facts.based else 0.0
    chance = (usual.dispersion + usual.variation**2) / max(1.0, recent.processed)
    if load - usual.load < SIGMAS * load * (chance + wanders**2) ** 0.5:
        return None
    than = "usual is" if facts.based else "before it was"
    return Finding(
        Verdict.CREEP,
        0.85 if facts.based else 0.7,
        (
            f"the workers are busy {load:.0%} of the time, {than} {usual.load:.0%}: "
            "a little more and messages wait",
        ),
        () if facts.based else MISSING,
        history.time(max(0, recent.start)),
    )


def _load(facts: Facts, recent: Window, least: float) -> float | None:
    """Return utilisation (0 to 1); None for fewer than ``least`` points, or where unknown."""
    if recent.busy is None or not facts.workers or recent.seconds < least * facts.history.step:
        return None
    return recent.busy / recent.seconds / facts.workers


def _notable(times: float, messages: float, usual: Usual) -> bool:
    """Return whether so many messages take several times as long as usual, beyond chance."""
    return (
        messages > 0 and times >= NOTABLE and times - 1 >= SIGMAS * usual.variation / messages**0.5
    )


def slower_but_keeping_up(facts: Facts) -> str | None:
    """Return the sentence that each message takes several times as long while nothing waits."""
    usual, recent = facts.usual, facts.span
    if usual is None or not usual.service or recent.busy is None or recent.processed < PERSIST:
        return None
    if recent.processed < MIN_MESSAGES and facts.tail and facts.tail.heavy(usual.service):
        return None
    times = recent.busy / recent.processed / usual.service
    if not _notable(times, recent.processed, usual):
        return None
    # So it was in the last minutes; now it is what the newest stretch shows.
    newest = cut(facts).work[-1]
    times = mean_time(newest) / usual.service
    if not _notable(times, newest.count, usual):
        return None
    return f"each message takes {ratio(times)} its usual time; the workers keep up"
