"""Split the growth of a backlog in messages between arrivals and service; names no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """Messages: ``excess + lost == growth`` exactly. Shares are None when nothing grew."""

    growth: float
    #: Due to more arrivals than usual.
    excess: float
    #: Due to less service than usual.
    lost: float

    @property
    def surge_share(self) -> float | None:
        """Share (0 to 1) due to excess arrivals."""
        if self.growth <= 0:
            return None
        return min(1.0, max(0.0, self.excess / self.growth))


def queue(arrivals: Sequence[float], capacity: Sequence[float], seconds: float) -> float:
    """Return the messages left of a fluid queue that starts empty.

    Args:
        arrivals, capacity: messages/s per block; seconds: length of a block.

    Source: Lindley's recursion, fluid form.
    """
    level = 0.0
    for incoming, able in zip(arrivals, capacity):
        level = max(0.0, level + (incoming - able) * seconds)
    return level


def shapley(
    growth: float,
    *,
    arrivals: Sequence[float],
    capacity: Sequence[float],
    usual_arrivals: float,
    usual_capacity: float,
    seconds: float,
) -> Split:
    """Split ``growth`` (messages) by what each cause adds, averaged over both orders.

    Args:
        arrivals, capacity: what was, messages/s per block of ``seconds``.
        usual_arrivals, usual_capacity: what would have been, messages/s.

    Source: Shapley 1953 for two players. The rest that the fluid queue does not
    explain (chance) is shared in the same proportion, so that the sum is exact. Where it explains
    nothing (what came and ended within a step), by how much arrivals and capacity changed.
    """
    count = len(arrivals)
    plain, able = [usual_arrivals] * count, [usual_capacity] * count
    neither = queue(plain, able, seconds)
    surge = queue(arrivals, able, seconds) - neither
    slow = queue(plain, capacity, seconds) - neither
    both = queue(arrivals, capacity, seconds) - neither
    excess = (surge + both - slow) / 2
    # A cause that works against the growth (fewer arrivals while slow) takes no share.
    excess = min(max(excess, 0.0), max(both, 0.0))
    share = excess / both if both > 0 else _by_change(arrivals, capacity, plain, able)
    return Split(growth, growth * share, growth - growth * share)


def _by_change(
    arrivals: Sequence[float],
    capacity: Sequence[float],
    usual_arrivals: Sequence[float],
    usual_capacity: Sequence[float],
) -> float:
    """Return the part (0 to 1) of the arrivals by how much each changed; half where neither did.

    Changes are parts of what was more, 0 to 1: they overflow with no rate, however small.
    """
    more = _gain(sum(usual_arrivals), sum(arrivals))
    slower = _gain(sum(capacity), sum(usual_capacity))
    return more / (more + slower) if more + slower else 0.5


def _gain(less: float, more: float) -> float:
    return max(0.0, 1 - less / more) if more > 0 else 0.0
