"""Numbers as people say them; decides nothing."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from .protocol.sample import OTHER

#: (below, seconds of one unit, its name).
UNITS = ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h"))


def count(messages: float) -> str:
    """Return messages with thousands separated: ``4,300``."""
    return f"{messages:,.0f}" if abs(messages) >= 10 else f"{messages:.3g}"


def waits(messages: float) -> str:
    """Say how many messages wait: ``1 message waits``, ``4,300 messages wait``."""
    said = count(messages)
    return "1 message waits" if said == "1" else f"{said} messages wait"


def messages(number: float) -> str:
    """Return ``1 message``, ``4,300 messages``."""
    said = count(number)
    return f"{said} message" if said == "1" else f"{said} messages"


def rate(per_second: float) -> str:
    """Return messages/s, or per minute or hour when that reads better."""
    if per_second >= 0.1 or per_second == 0:
        return f"{per_second:,.3g}/s" if per_second < 1000 else f"{per_second:,.0f}/s"
    return f"{per_second * 60:.3g}/min" if per_second >= 0.01 else f"{per_second * 3600:.3g}/h"


def span(seconds: float) -> str:
    """Return a duration: ``213 ms``, ``20 min``, ``3.5 h``, ``2.1 days``."""
    unit, name = next(((unit, name) for limit, unit, name in UNITS if seconds < limit),
                      (86400, "days"))
    amount = seconds / unit
    return f"{amount:.0f} {name}" if amount >= 10 else f"{amount:.2g} {name}"


def topic_name(topic: str) -> str:
    """Return a topic for a sentence; those that are told together have no name of their own."""
    return "the rarer topics together" if topic == OTHER else topic


def times(factor: float) -> str:
    """Return a ratio: ``5×``."""
    return f"{factor:.2g}×" if factor < 100 else f"{factor:.0f}×"


_SECONDS_OF = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
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
            total, at = total + float(found[1]) * _SECONDS_OF[found[2]], found.end()
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


_AGO = re.compile(r"-?(\d+(\.\d+)?\s*(s|min|h|d)\s*)+|-\d+", re.ASCII)
_NUMBER = re.compile(r"\d{1,11}(\.\d+)?", re.ASCII)


def moment(text: str, now: float) -> float:
    """Return epoch seconds from ``now``, ``2h`` (ago), ``2026-11-24 09:30``, or a number of them.

    A date without a zone is local time; ``Z`` or an offset may follow.

    Raises:
        ValueError: none of these.
    """
    given = text.strip()
    if given == "now":
        return now
    if _AGO.fullmatch(given):
        return now - seconds(given.lstrip("-"))
    if _NUMBER.fullmatch(given):
        return float(given)
    try:
        found = datetime.fromisoformat(given[:-1] + "+00:00" if given.endswith("Z") else given)
        return found.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("must be now, 2h or 20min (ago), 2026-11-24, 2026-11-24 09:30 (local"
                         " time), 2026-11-24T09:30Z, or seconds since the epoch") from error


def written(at: float) -> str:
    """Return a moment in UTC: ``2026-11-24 09:30:00Z``."""
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S}Z"
