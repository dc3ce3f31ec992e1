"""Does the backlog shrink, and when will it be gone? Names no cause."""

from __future__ import annotations

import math

from .facts import LEFT, Facts
from .history import Window, window
from .stats import mean, spread
from .verdict import Drain

#: A backlog that falls at 3 σ over the part that acts is draining, whatever acts.
FALLS = 3.0
#: One that rises at 2 σ is not draining, though nothing is seen to act.
RISES = 2.0
#: How far an hour's arrivals usually differ from their usual rate, as a share.
WANDERS = 0.1
#: 95 %, two-sided.
BOUND = 1.96
#: Blocks whose pace is compared: a standard deviation of fewer is off by a third.
BLOCKS = 8
#: Seconds without shrinking after which a backlog counts as permanent.
PLATEAU_SECONDS = 1800


def falls(facts: Facts) -> bool:
    """Return whether the backlog shrinks beyond chance in the part that acts."""
    return facts.onset is not None and facts.drift < -FALLS * facts.drift_error


def rises(facts: Facts) -> bool:
    """Return whether the backlog grows in the part that acts."""
    return facts.onset is not None and facts.drift > RISES * facts.drift_error


def past_peak(facts: Facts) -> bool:
    """Return whether less waits than at the worst moment, beyond chance."""
    if facts.onset is None:
        return False
    levels = [x or 0.0 for x in facts.history.backlog[facts.onset : facts.last + 1]]
    worst: float = max(levels)
    since = window(facts.history, facts.onset + levels.index(worst) + 1, facts.last + 1)
    return worst - facts.backlog > FALLS * math.sqrt(_chance(facts, since))


def _chance(facts: Facts, recent: Window) -> float:
    """Return the variance of the net flow over a window, messages²."""
    usual = facts.usual
    mixed = usual.variation * usual.variation if usual else 1.0
    clumped = usual.dispersion if usual else 1.0
    return recent.received * clumped + recent.processed * mixed + 1


def time_to_drain(facts: Facts) -> Drain | None:
    """Return the time (s) until the backlog is as small as usual, None unless it shrinks.

    The pace is the net flow of the part that acts: longer watching, narrower bounds. What will
    arrive and end until then scatters as it did in that part.
    """
    recent, left = facts.span, facts.backlog - facts.limit * LEFT
    if facts.onset is None or not recent.seconds or left <= 0:
        return None
    variance = _variance(facts)
    pace, doubt = _pace(facts, variance / recent.seconds)
    if pace <= 0:
        return None
    expected = left / pace
    error = BOUND * (doubt * expected**2 + variance * expected) ** 0.5 / pace
    error += facts.history.step  # it is seen at samples only
    # A ratio's bounds are not symmetrical: the slower pace is further off.
    slower = pace - BOUND * (doubt + variance / expected) ** 0.5
    latest = max(left / slower, expected) + facts.history.step if slower > 0 else None
    return Drain(expected, max(0.0, expected - error), latest)


def _pace(facts: Facts, doubt: float) -> tuple[float, float]:
    """Return messages/s by which the backlog shrinks, and the variance of that.

    Completions are taken since the service time last changed. Arrivals are combined with the usual
    rate, because few points follow a surge that has just ended.
    """
    recent, usual = facts.span, facts.usual
    measured = (recent.processed - recent.received) / recent.seconds
    if usual is None or not facts.timed or not facts.service or not facts.workers:
        return measured, doubt
    part, arrivals = facts.work[-1], facts.arrivals[-1]
    able = facts.workers / facts.service
    able_doubt = able**2 * usual.variation**2 / max(1.0, part.count)
    rate, known = (
        arrivals.rate,
        usual.dispersion * max(arrivals.count, 1.0) / (arrivals.exposure**2),
    )
    habit = (WANDERS * usual.received) ** 2 + usual.dispersion * usual.received / max(
        1.0, usual.seconds
    )
    if abs(rate - usual.received) < RISES * (known + habit) ** 0.5 and habit > 0:
        rate = (rate / known + usual.received / habit) / (1 / known + 1 / habit)
        known = 1 / (1 / known + 1 / habit)
    modelled, unsure = able - rate, able_doubt + known
    if unsure >= doubt or abs(modelled - measured) > FALLS * (unsure + doubt) ** 0.5:
        return measured, doubt
    # Both use partly the same counts: the more certain one, not their mean.
    return modelled, unsure


def _variance(facts: Facts) -> float:
    """Return the variance of the net flow in one second, messages²."""
    recent, history = facts.span, facts.history
    counted = _chance(facts, recent) / recent.seconds
    size = (recent.stop - recent.start) // BLOCKS
    if not size:
        return counted
    paces = []
    for first in range(recent.stop - BLOCKS * size, recent.stop, size):
        block = window(history, first, first + size)
        if block.seconds:
            paces.append((block.processed - block.received) / block.seconds)
    if len(paces) < BLOCKS // 2:
        return counted
    middle = mean(paces) or 0.0
    sample = sum((x - middle) ** 2 for x in paces) / (len(paces) - 1)
    return max(counted, min(sample, 9 * spread(paces) ** 2 or sample) * size * history.step)
