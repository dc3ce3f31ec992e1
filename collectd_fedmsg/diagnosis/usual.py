"""What is usual, from the hours chosen for it; chooses none and judges nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .hours import Hour
from .scatter import by_hours
from .stats import known, median, quantile, spread

#: Hours of which the scatter is asked: a week holds every kind of hour.
LATELY = 168


@dataclass(frozen=True)
class Usual:
    """What is usual at one moment; units as in ``Hour``. ``received_spread`` in messages/s."""

    received: float
    received_spread: float
    backlog: float
    service: float | None
    service_spread: float
    #: Coefficient of variation of the time per message, from how the hours' means scatter.
    scatter: float
    failed: float | None
    workers: float | None
    gap: float
    delay: float | None
    held: float
    dispersion: float
    topics: Mapping[str, float]
    costs: Mapping[str, float]
    hours: int
    #: Watched for that long, s: what is usual is itself known from so many messages only.
    seconds: float
    #: Greatest usual completion rate at any hour, messages/s.
    capacity: float

    @property
    def load(self) -> float | None:
        """Usual utilisation, 0 to 1; None without working time."""
        if self.service is None:
            return None
        return self.received * self.service / (self.workers or 1.0)

    @property
    def variation(self) -> float:
        """Coefficient of variation of the time per message; at least an exponential's 1."""
        if not self.service:
            return 1.0
        found = self.scatter
        total = sum(self.topics.get(t, 0.0) for t in self.costs)
        if total:
            parts = [(self.topics.get(t, 0.0) / total, cost) for t, cost in self.costs.items()]
            mean = sum(share * cost for share, cost in parts)
            square = sum(share * cost * cost for share, cost in parts)
            # A mixture of exponentials: E[S²] = 2·Σ share·cost².
            found = max(found, math.sqrt(max(0.0, 2 * square / mean ** 2 - 1)) if mean else 0.0)
        return max(1.0, found)

    @property
    def tail(self) -> float:
        """How many times longer mixed messages make the backlog's tail: (1 + c²)/2 (Kingman 1962).

        Clumped arrivals are left out: a batch that comes on time is in the measured backlog,
        and the variance of its counts per step would count it as chance once more.
        """
        return (1 + self.variation ** 2) / 2

    @property
    def lasting(self) -> float | None:
        """Mean seconds of the kind of message that takes longest; None without working time.

        Of the dearest topic, or where none are known what the variation tells: of the mean
        message in progress, (1 + c²)/2 of the mean message (inspection paradox, halved for
        what is left of it).
        """
        if self.service is None:
            return None
        return max(self.service * self.tail, *self.costs.values(), 0.0)


def _middle(values: Iterable[float | None]) -> float | None:
    found = [v for v in values if v is not None]
    return median(found) if found else None


def _rare(values: Iterable[float]) -> float:
    # One hour in 20 may be an incident's; one a day (a batch) stays out at 1 in 24.
    found = list(values)
    return quantile(found, 0.95) if found else 0.0


def usual_of(chosen: Sequence[Hour], past: Sequence[Hour],
             scatter: float | None = None) -> Usual:
    """Return what is usual by ``chosen``; what is seldom, by all of the ``past``.

    Args:
        scatter: of one message's time; by the past's means when it is not given.
    """
    rates = [h.received for h in chosen]
    services = [h.service for h in chosen if h.service is not None]
    names = {t for h in chosen for t in h.topics}
    return Usual(
        received=median(rates), received_spread=spread(rates),
        # Every hour counts for the tail: a nightly batch is usual at its own hour, and
        # the chosen hours hold it; 75 % forgives one bad hour of four.
        backlog=quantile((h.backlog for h in chosen), 0.5),
        service=_middle(services), service_spread=spread(services) if services else 0.0,
        scatter=by_hours(past[-LATELY:]) if scatter is None else scatter,
        failed=_middle(h.failed for h in chosen), workers=_middle(h.workers for h in chosen),
        gap=max(median(h.gap for h in chosen), _rare(h.gap for h in past)),
        delay=_middle(h.delay for h in chosen),
        held=_rare(h.held for h in past if h.held is not None),
        dispersion=max(1.0, median(h.dispersion for h in chosen)),
        topics={t: median(h.topics.get(t, 0.0) for h in chosen) for t in names},
        costs={t: median(known([h.costs.get(t) for h in chosen]))
               for t in {t for h in chosen for t in h.costs}},
        hours=len(chosen), seconds=sum(h.seconds for h in chosen),
        capacity=quantile((h.processed for h in past), 0.75))
