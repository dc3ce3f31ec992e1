"""The usual rates of a set of past hours; chooses no hours and judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .hours import Hour
from .scatter import by_hours, by_percentiles
from .seldom import FAILING, days_of
from .stats import known, median, quantile, spread
from .usual import Usual

#: Hours that the scatter is computed from: a week has every kind of hour.
LATELY = 168
#: Messages/s from which a sample's percentiles are of a hundred messages or more at the default
#: interval: the 99th of fewer is their longest.
MANY = 10.0
#: Share of the hours with another number of workers than most: workers lost for two nights of a
#: week are an incident.
VARYING = 0.15
#: Days that must agree on a backlog for it to be usual.
DAYS = 3
#: Messages beyond those in the workers' hands: a short queue is no trouble.
SHORT = 3.0


def _middle(values: Iterable[float | None]) -> float | None:
    numbers = [v for v in values if v is not None]
    return median(numbers) if numbers else None


def _usual_backlog(chosen: Sequence[Hour], past: Sequence[Hour]) -> float:
    """Return the messages that usually wait; of less than three days none beyond a short queue.

    A nightly batch is usual at its hour, once it came three times. All hours of a day may be of
    one trouble and its drain.
    """
    if days_of(past) >= DAYS:
        return quantile((h.backlog for h in chosen), 0.5)
    least = min(h.backlog for h in past)
    return least if least <= SHORT + (_middle(h.workers for h in past) or 1.0) else 0.0


def _vary(workers: Sequence[float]) -> bool:
    """Return whether hours have other numbers of workers than most, more than incidents do."""
    if not workers:
        return False
    middle = median(workers)
    return sum(abs(threads - middle) >= 0.5 for threads in workers) > VARYING * len(workers)


def usual_of(chosen: Sequence[Hour], past: Sequence[Hour]) -> Usual:
    """Return what is usual by ``chosen``; what is seldom, by all of the ``past``."""
    rates = [h.received for h in chosen]
    services = [h.service for h in chosen if h.service is not None]
    names = {t for h in chosen for t in h.topics}
    service, scatter = _middle(services), by_hours(past[-LATELY:])
    failed = _middle(h.failed for h in chosen)
    made = Usual(
        received=median(rates),
        received_spread=spread(rates),
        backlog=_usual_backlog(chosen, past),
        service=service,
        service_spread=spread(services) if services else 0.0,
        scatter=scatter,
        failed=None if failed is None else min(failed, FAILING),
        workers=_middle(h.workers for h in chosen),
        delay=_middle(h.delay for h in chosen),
        dispersion=max(1.0, median(h.dispersion for h in chosen)),
        topics={t: median(h.topics.get(t, 0.0) for h in chosen) for t in names},
        costs={
            t: median(known([h.costs.get(t) for h in chosen]))
            for t in {t for h in chosen for t in h.costs}
        },
        hours=len(chosen),
        seconds=sum(h.seconds for h in chosen),
        # Where the time per message is known, the workers' own capacity follows from it.
        capacity=quantile([h.processed for h in past], 0.75) if service is None else max(rates),
        workers_vary=_vary([h.workers for h in past[-LATELY:] if h.workers is not None]),
    )
    if made.received < MANY:
        return made
    return made.scattering(
        by_percentiles(_middle(h.p50 for h in chosen), _middle(h.p99 for h in chosen))
    )
