"""Which of two changes came first; names no verdict."""

from __future__ import annotations

from collections.abc import Sequence

from .history import Column


def change(values: Sequence[float], weights: Sequence[float]) -> int | None:
    """Return the place from which the weighted mean differs most, None for too few values.

    The split that leaves the least squares within both parts.

    Source: Hinkley 1970, inference about the change-point in a sequence of random variables.
    """
    if len(values) < 2:
        return None
    whole = sum(v * w for v, w in zip(values, weights))
    weight = sum(weights)
    best, where, done, seen = 0.0, None, 0.0, 0.0
    for i in range(1, len(values)):
        done += values[i - 1] * weights[i - 1]
        seen += weights[i - 1]
        if not 0 < seen < weight:
            continue
        gap = (whole - done) / (weight - seen) - done / seen
        gained = gap * gap * seen * (weight - seen)
        if gained > best:
            best, where = gained, i
    return where


def arrivals_rose(received: Column, start: int, stop: int) -> int | None:
    """Return the index at which the arrivals changed."""
    places = [i for i in range(start, stop) if received[i] is not None]
    found = change([received[i] or 0.0 for i in places], [1.0] * len(places))
    return None if found is None else places[found]


def work_rose(busy: Column, processed: Column, usual: float, start: int, stop: int) -> int | None:
    """Return the index at which the work beyond ``usual`` seconds per message ended changed.

    A hung or long message counts from its first second, not when it ends.
    """
    places = [i for i in range(start, stop) if processed[i] is not None and busy[i] is not None]
    beyond = [(busy[i] or 0.0) - (processed[i] or 0.0) * usual for i in places]
    found = change(beyond, [1.0] * len(places))
    return None if found is None else places[found]
