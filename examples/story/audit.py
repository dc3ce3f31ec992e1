"""The conservation of messages: sent = received = processed + backlog, from the page's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

#: Messages: RRD keeps rates as floats, so sums of them are not whole to the last digit.
ROUNDING = 0.02


@dataclass(frozen=True)
class Balance:
    """One daemon's messages over a story; ``sent`` are those that it ought to hear."""

    service: str
    sent: int
    received: float
    processed: float
    backlog: float
    #: Gone with the memory of runs that were ended.
    lost: float = 0.0
    #: Sent while it was not there.
    away: int = 0
    #: Messages that may have come or ended in the seconds around those ends, uncounted.
    unseen: float = 0.0

    @property
    def missing(self) -> float:
        """Messages sent while it was there and not received."""
        return self.sent - self.away - self.received

    @property
    def unexplained(self) -> float:
        """Messages received that are neither processed, waiting nor lost."""
        return self.received - self.processed - self.backlog - self.lost

    @property
    def exact(self) -> bool:
        """Tell whether everything adds up."""
        allowed = ROUNDING + self.unseen
        return abs(self.unexplained) <= allowed and abs(self.missing) <= allowed

    def __str__(self) -> str:
        lost = f" + lost {self.lost:,.0f}" if self.lost else ""
        away = f" - {self.away:,} while away" if self.away else ""
        sign = "=" if self.exact and not self.unseen else "≈" if self.exact else "≠"
        return (
            f"{self.service:10} sent {self.sent:,}{away} {sign} received {self.received:,.0f} "
            f"{sign} processed {self.processed:,.0f} + backlog {self.backlog:,.0f}{lost}"
        )


def heard(topics: Mapping[str, int], patterns: Sequence[str] | None) -> int:
    """Return how many of the messages sent, by topic, match one of the patterns; all for None."""
    return sum(
        number
        for topic, number in topics.items()
        if patterns is None or any(fnmatchcase(topic, pattern) for pattern in patterns)
    )


def total(rates: Sequence[float | None], step: float) -> float:
    """Return the messages that a series of messages/s adds up to; the unknown counts nothing."""
    return sum(rate for rate in rates if rate is not None) * step


def last_known(pairs: Sequence[tuple[float | None, float | None]]) -> list[float]:
    """Return the backlog of the last (rate, backlog) pair that is wholly known; empty for none.

    A gap between two runs has no rate, but in RRD the later run's backlog.
    """
    known = [backlog for rate, backlog in pairs if rate is not None and backlog is not None]
    return known[-1:]
