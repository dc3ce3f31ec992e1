"""How long the longest messages take: the tail of a consumer's own service times; judges nothing.

A heavy-tailed consumer has messages that take hundreds of mean times, and each looks like a hang.
The longest message of each past hour shows how the tail falls off.

Sources: Hill 1975 (index of a tail); Weissman 1978 (levels beyond what was seen).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .hours import DAY, HOUR, Hour
from .stats import SURE

#: Share of the hours whose longest messages are the tail.
RARE = 0.05
#: Longest messages that tell how the tail falls off: of fewer the index is off by half.
LEAST = 8
#: Index where too few are known: the heaviest tail whose variance exists.
HEAVY = 0.5
#: Seconds (half a year): a duration that is reached less often is not usual. One in ten consumers
#: has both a heavy tail and a single worker.
SELDOM = 182 * DAY
#: Of so many days one is left out, as one with an incident that is not usual.
INCIDENTS = 14


@dataclass(frozen=True)
class Tail:
    """The longest message of an hour exceeds ``level`` (s) in ``share`` of the hours (0 to 1)."""

    level: float
    share: float
    #: Half as frequent, 2**index times as long: 0 for an exponential tail, 1/α for Pareto's.
    index: float

    def heavy(self, service: float) -> bool:
        """Return whether single messages often take longer than an exponential's ever (s)."""
        return self.level > SURE * service

    def reached(self, seconds: float) -> float:
        """Return how long the longest message in so many ``seconds`` takes, s."""
        return float(self.level * (self.share * seconds / HOUR) ** self.index)

    def reached_together(self, messages: float, seconds: float, held: float) -> float:
        """Return how long so many ``messages`` take at once, once in so many ``seconds``; s.

        Args:
            held: for about so long (s).

        Long ones come independently, with rate r each: n of them overlap with rate
        r·(r·held)^(n-1).
        """
        rarer: float = (seconds * max(held, 1.0) ** (messages - 1)) ** (1 / messages)
        return self.reached(rarer)


def tail_of(hours: Sequence[Hour]) -> Tail | None:
    """Return the tail of the longest messages of past hours, None where none is known.

    The days with the longest are left out, one in ``INCIDENTS``: a hang is not usual.
    """
    by_day: dict[float, list[float]] = {}
    known = 0
    for hour in hours:
        if hour.held is not None:
            known += 1
            if hour.held > 0:
                by_day.setdefault(hour.start // DAY, []).append(hour.held)
    if not by_day:
        return None
    days = sorted(by_day.values(), key=max)
    dropped = max(1, len(days) // INCIDENTS) if len(days) > 1 else 0
    longest = _descending(days[: len(days) - dropped])
    count = max(LEAST, int(RARE * known))
    if len(longest) <= count:
        return Tail(longest[0], 1 / known, HEAVY)
    level = longest[count]
    # Of the days left out the longest is known to be no shorter than those that are left.
    excess = sum(math.log(x / level) for x in longest[:count])
    excess += dropped * math.log(longest[0] / level)
    return Tail(level, (count + dropped) / known, excess / count)


def _descending(days: Iterable[Sequence[float]]) -> list[float]:
    return sorted((held for day in days for held in day), reverse=True)
