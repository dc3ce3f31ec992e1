"""Quantities computed from stored ones, point by point. Unknown stays None.

Source: S = Δbusy/Δprocessed and ρ = Δbusy/(workers·Δt), as in ``collectd_fedmsg.rates``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..store.series import Points

#: ``busy`` is stored in microseconds: its rate is µs of work per second.
MICROSECONDS = 1e6
DIGITS = 6


@dataclass(frozen=True)
class Derived:
    """A quantity, what it is made of, its unit and meaning."""

    needs: tuple[str, ...]
    unit: str
    help: str
    of: Callable[..., float | None]


def utilisation(busy: float, workers: float) -> float | None:
    """Return the share (0 to 1) of worker time spent handling; None without workers.

    Args:
        busy: µs/s.
        workers: threads.
    """
    return busy / (workers * MICROSECONDS) if workers > 0 else None


def service_time(busy: float, processed: float) -> float | None:
    """Return seconds of work per message; None when nothing ended.

    Args:
        busy: µs/s.
        processed: messages/s.
    """
    return busy / MICROSECONDS / processed if processed > 0 else None


DERIVED: Mapping[str, Derived] = {
    "utilisation": Derived(
        ("busy", "workers"), "share", "Share of worker time spent handling", utilisation
    ),
    "service_time": Derived(
        ("busy", "processed"), "seconds", "Mean time to handle a message", service_time
    ),
}


def derive(name: str, inputs: Mapping[str, Points]) -> Points:
    """Return a derived quantity's points from its inputs' on the same grid."""
    rule = DERIVED[name]
    made: Points = []
    for values in zip(*(inputs[metric] for metric in rule.needs)):
        result = None if None in values else rule.of(*values)
        made.append(None if result is None else round(result, DIGITS))
    return made
