"""The consumers and producers of a hub, by their attributes, whatever their class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ..protocol.frames import MAX_TOTAL
from ..protocol.roster import Producer, Roster


def roster_of(hub: Any) -> Roster:
    """Return the consumers and producers of a hub now, by moksha's own attributes."""
    return Roster(
        consumers=tuple(names_of(hub.consumers)),
        producers=tuple(producer_of(producer) for producer in hub.producers),
    )


def producer_of(producer: Any) -> Producer:
    """Return a producer's attributes, checked: a foreign class may have other types."""
    interval = getattr(producer, "frequency", None)
    if isinstance(interval, timedelta):  # one that is not initialized
        interval = interval.total_seconds()
    exceptions = getattr(producer, "_exception_count", 0)
    return Producer(
        name=type(producer).__name__,
        interval=_seconds(interval),
        last_run=_seconds(getattr(producer, "_last_ran", None)),
        initialized=getattr(producer, "_initialized", False) is True,
        exceptions=exceptions if type(exceptions) is int and exceptions >= 0 else 0,
    )


def _seconds(value: Any) -> float | None:
    """Return a number that a reader takes for seconds, None for anything else."""
    if type(value) not in (int, float) or not 0 <= value <= MAX_TOTAL:
        return None
    return float(value)


def names_of(consumers: Iterable[Any]) -> list[str]:
    """Return the name that each consumer is reported under: its class's, if no other has it.

    Classes of one name get their modules before it, objects of one class a number after it.
    """
    kinds = [type(consumer) for consumer in consumers]
    shared = Counter(kind.__name__ for kind in {*kinds})
    names, taken = [], Counter[str]()
    for kind in kinds:
        name = kind.__name__
        if shared[name] > 1:
            name = f"{kind.__module__}.{name}"
        taken[name] += 1
        names.append(name if taken[name] == 1 else f"{name}.{taken[name]}")
    return names


def packages_of(consumer: Any) -> set[str]:
    """Return the top packages of a consumer's classes."""
    return {kind.__module__.partition(".")[0] for kind in type(consumer).__mro__} - {"builtins"}
