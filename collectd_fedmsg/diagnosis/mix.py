"""How long each topic takes, now and usually; judges nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..protocol.sample import OTHER
from .facts import Facts
from .hours import topic_costs
from .stats import WHICH, mean

#: Factor from which a topic counts as taking longer: few messages differ by less by chance.
LONGER = 1.5
#: Share of a rise that the mix must explain to be its cause: ``ALL`` leaves less than a part that
#: is named (``causes.PART``); ``MOST`` is enough where the rest is within chance.
ALL, MOST = 0.8, 0.5


@dataclass(frozen=True)
class Mix:
    """What the mean service time would be by topic. Seconds per message."""

    #: With the usual mix at the usual costs; with the present mix at the usual costs.
    usual: float
    mixed: float
    #: With the present mix at the present costs.
    now: float
    #: The topic that adds most by arriving more often, and the one that adds most by costing more.
    costlier: str
    slower: str
    #: Present cost over usual cost of ``slower``.
    factor: float
    #: Share (0 to 1) of what costs rose by that is ``slower``'s.
    part: float
    #: How many topics cost more than usual; ``OTHER`` is not counted.
    longer: int
    #: Standard error of ``now``, from the messages that ended by topic; 0 where not counted.
    error: float = 0.0

    @property
    def share(self) -> float:
        """Share (0 to 1) of the rise that the mix alone explains; 0 when nothing rose."""
        rise = self.now - self.usual
        return min(1.0, max(0.0, (self.mixed - self.usual) / rise)) if rise > 0 else 0.0

    @property
    def explains(self) -> bool:
        """Whether the mix alone explains the rise, or most of it and the rest is chance."""
        return self.share > ALL or (
            self.share > MOST and self.now - self.mixed < WHICH * self.error
        )


def mix(facts: Facts) -> Mix | None:
    """Return the mix over the trouble, None where topics or their usual costs are not known.

    A topic without a usual cost is taken at its present one: a new, slow topic is part of the mix.
    """
    usual, recent, history = facts.usual, facts.span, facts.history
    if usual is None or not usual.costs or not usual.received:
        return None
    costs = topic_costs(history, recent.start, recent.stop)
    arrived = {t: mean(history.topics[t][recent.start : recent.stop]) or 0.0 for t in costs}
    total, before = sum(arrived.values()), sum(usual.topics.get(t, 0.0) for t in usual.costs)
    if not total or not before:
        return None
    share = {t: rate / total for t, rate in arrived.items()}
    was = {t: usual.topics.get(t, 0.0) / before for t in usual.costs}
    typical = {t: usual.costs.get(t, costs[t]) for t in costs}
    costlier = max(costs, key=lambda t: (share[t] - was.get(t, 0.0)) * typical[t])
    rise = {t: share[t] * (costs[t] - typical[t]) for t in costs}
    slower, risen = max(rise, key=lambda t: rise[t]), sum(rise.values())
    return Mix(
        usual=sum(was[t] * usual.costs[t] for t in was),
        mixed=sum(share[t] * typical[t] for t in costs),
        now=sum(share[t] * costs[t] for t in costs),
        costlier=costlier,
        slower=slower,
        factor=costs[slower] / typical[slower] if typical[slower] else 1.0,
        part=min(1.0, max(0.0, rise[slower] / risen)) if risen > 0 else 0.0,
        error=_error(facts, {t: share[t] * costs[t] for t in costs}),
        longer=sum(costs[t] > LONGER * typical[t] for t in costs if t != OTHER),
    )


def _error(facts: Facts, parts: Mapping[str, float]) -> float:
    """Return the standard error of a mean of which each topic has a part, seconds.

    Times of one topic scatter as an exponential's: the mean of n is off by 1/√n of it.
    """
    history, recent = facts.history, facts.span
    square = 0.0
    for topic, part in parts.items():
        counted = history.topic_processed.get(topic, history.topics[topic])
        ended = (mean(counted[recent.start : recent.stop]) or 0.0) * recent.seconds
        square += part * part / max(1.0, ended)
    return math.sqrt(square)
