"""With what the present is compared: what the daemon coped with, and what is usual.

A rate or time at which nothing waited did not make the backlog, whatever the calendar says.
"""

from __future__ import annotations

from collections.abc import Iterator

from .acting import Reference
from .facts import Facts
from .history import PERSIST, REFERENCE, window
from .usual import Usual


def references(facts: Facts, usual: Usual) -> Iterator[Reference]:
    """Yield what was coped with in the last hours, then what is usual alone."""
    threads = usual.workers or facts.workers
    plain = Reference(
        usual.received,
        usual.service,
        capacity_of(usual.service, threads, max(usual.capacity, usual.received)),
        usual.seconds,
    )
    alike = [i for i in facts.calm if facts.work and i >= facts.work[-1].start]
    rate, watched = _coped_with(facts)
    service = _service(facts, alike) if len(alike) >= PERSIST else None
    lately = facts.past.lately if facts.past is not None else None
    if lately is not None:
        if lately.received > rate:
            rate, watched = lately.received, lately.seconds
        service = max(service or 0.0, lately.service or 0.0) or None
    if rate > usual.received or (service and usual.service and service > usual.service):
        each = max(service or 0.0, usual.service or 0.0) or None
        yield Reference(
            max(rate, usual.received),
            each,
            capacity_of(each, threads, max(rate, plain.capacity)),
            max(usual.seconds, watched),
        )
    yield plain


def _coped_with(facts: Facts) -> tuple[float, float]:
    """Return the greatest messages/s that arrived in calm for a while, and for how long (s).

    Three calm points are enough of the present stretch; an earlier one needs twelve, because a
    burst of half a minute may pass without a queue.
    """
    best, seconds = 0.0, 0.0
    for part in facts.arrivals:
        same = [i for i in facts.calm if part.start <= i < part.stop]
        if len(same) < (PERSIST if part is facts.arrivals[-1] else REFERENCE):
            continue
        # All of the stretch before the trouble: a short queue goes with fewer arrivals.
        stop = part.stop if facts.onset is None else min(part.stop, max(facts.onset, same[-1] + 1))
        part_window = window(facts.history, part.start, stop)
        if part_window.arrival_rate > best:
            best, seconds = part_window.arrival_rate, part_window.seconds
    return best, seconds


def capacity_of(service: float | None, threads: float | None, measured: float) -> float:
    """Return the messages/s that the workers can end; ``measured`` where that is not known."""
    return threads / service if service and threads else measured


def _service(facts: Facts, places: list[int]) -> float | None:
    history = facts.history
    done = sum(history.processed[i] or 0.0 for i in places)
    used = sum((history.busy[i] or 0.0) for i in places) if history.busy else 0.0
    return used / done if done and used else None
