"""Numbers as people say them; decides nothing."""

from __future__ import annotations

from .hub.topics import OTHER

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
