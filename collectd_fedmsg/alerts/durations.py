"""Durations as people write them; pure."""

from __future__ import annotations

import re

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_ONE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")


def seconds(given: object) -> float:
    """Return seconds from a number of them or a text like ``5min`` or ``1h 30min``.

    Raises:
        ValueError: neither, negative, or not finite.
    """
    if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given < 1e10:
        return float(given)
    if isinstance(given, str) and given.strip():
        total, at = 0.0, 0
        while at < len(given) and (found := _ONE.match(given, at)):
            total, at = total + float(found[1]) * UNITS[found[2]], found.end()
        if at == len(given) and total < 1e10:
            return total
    raise ValueError("must be a duration such as 30s, 5min, 2h, 7d, or seconds")


def words(span: float) -> str:
    """Return a duration given in seconds with its two leading units: ``2 h 5 min``."""
    span = max(0.0, span)
    for size, name, below, less in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"),
                                    (60, "min", 1, "s")):
        if span >= size:
            rest = int(span % size // below)
            return f"{int(span // size)} {name}" + (f" {rest} {less}" if rest else "")
    return f"{span:.0f} s"
