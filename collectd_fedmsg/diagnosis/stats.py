"""Small robust statistics over columns with gaps; knows nothing of queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: ln(10^6). An event of Poisson mean 14 fails to show up once in a million windows, and a
#: year holds 3 million evaluations at 10 s, of which neighbours share nearly all their
#: points: less than one chance finding a year.
SURE = 14.0
#: Standard deviations for the same odds, one-sided: P(z > 4.75) = 10^-6.
SIGMAS = 4.75
#: When only *which* cause is asked, not whether there is an incident: 95 %.
WHICH = 2.0


def known(column: Sequence[float | None] | None) -> list[float]:
    """Return the known values, in order."""
    return [] if column is None else [x for x in column if x is not None]


def mean(column: Sequence[float | None] | None) -> float | None:
    """Return the mean of the known values, None when there is none."""
    values = known(column)
    return sum(values) / len(values) if values else None


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie; nearest rank.

    Raises:
        ValueError: there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Iterable[float]) -> float:
    """Return the middle value; the mean of two when their number is even."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Sequence[float]) -> float:
    """Return a standard deviation that outliers cannot move: 1.4826 × MAD.

    Source: Rousseeuw and Croux 1993; 1.4826 makes it equal for normal values.
    """
    middle = median(values)
    return 1.4826 * median(abs(x - middle) for x in values)
