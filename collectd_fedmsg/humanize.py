"""Write numbers, durations and moments for people, and parse what people write.

The page's script writes the same: ``tests/javascript/humanize-edges.json`` holds both to it.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal

from .protocol.sample import OTHER

#: Stands for what is not known.
UNKNOWN = "–"
#: Seconds of each unit that people write in settings and options.
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")


def _whole(value: float) -> int:
    """Return the nearest whole number; a half goes up, as in the page's script."""
    return math.floor(value + 0.5)


def _digits(value: float, significant: int) -> str:
    """Return a number with at most ``significant`` digits, a half rounded up, never as 1e+03."""
    if value == 0:
        return "0"
    exact = Decimal(value)
    unit = Decimal(1).scaleb(exact.adjusted() - significant + 1)
    rounded = exact.quantize(unit, ROUND_HALF_UP)
    # Rounding may have carried into another digit: 9.996 is 10.0.
    decimals = max(0, significant - 1 - rounded.adjusted())
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def count(messages: float | None) -> str:
    """Return a number of messages in full: ``4,300``, ``0.25``, ``–``."""
    if messages is None or not _known(messages):
        return UNKNOWN
    return f"{_whole(messages):,}" if abs(messages) >= 9.995 else _digits(messages, 3)


def short(number: float | None) -> str:
    """Return a number for a tile or a column, three digits long: ``1,948``, ``25 k``, ``3 M``."""
    if number is None or not _known(number):
        return UNKNOWN
    for size, unit in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= (9999.5 if unit == "k" else 0.9995 * size):
            return f"{_digits(number / size, 3)} {unit}"
    return f"{_whole(number):,}" if abs(number) >= 99.5 else _digits(number, 2)


def waits(messages: float) -> str:
    """Say how many messages wait: ``1 message waits``, ``4,300 messages wait``."""
    number = count(messages)
    return "1 message waits" if number == "1" else f"{number} messages wait"


def messages(number: float) -> str:
    """Return ``1 message``, ``4,300 messages``."""
    return counted(number, "message")


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, which takes an s: ``1 sample``, ``2 samples``."""
    text = count(number)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def rate(per_second: float | None) -> str:
    """Return messages/s, or per minute or hour when that reads better: ``13.3/s``, ``2/h``."""
    if per_second is None or not _known(per_second):
        return UNKNOWN
    size = abs(per_second)
    seconds, unit = (
        (1, "s") if size >= 0.0995 or size == 0 else (60, "min") if size >= 0.00995 else (3600, "h")
    )
    value = per_second * seconds
    return f"{_whole(value):,}/{unit}" if abs(value) >= 99.95 else f"{_digits(value, 3)}/{unit}"


def duration(seconds: float | None) -> str:
    """Return a duration: ``213 ms``, ``45 s``, ``2 min 30 s``, ``20 min``, ``3 h 20 min``, ``9 d``.

    Below ten of a unit the next smaller unit follows; what is rounded up to the next unit is
    written in that one.
    """
    if seconds is None or not _known(seconds):
        return UNKNOWN
    if seconds < 0:
        return "0 s"
    if 0 < seconds < 0.9995:
        return f"{_digits(seconds * 1000, 3 if seconds >= 0.01 else 2)} ms"
    if seconds < 119.5:
        return f"{_digits(seconds, 2) if seconds < 9.95 else _whole(seconds)} s"
    for size, name, below, less in (
        (60, "min", 1, "s"),
        (3600, "h", 60, "min"),
        (86400, "d", 3600, "h"),
    ):
        small = _whole(seconds / below)
        if small * below < 10 * size:
            rest = small % (size // below)
            return f"{small * below // size} {name}" + (f" {rest} {less}" if rest else "")
        whole = _whole(seconds / size)
        if name == "d" or whole < {"min": 120, "h": 48}[name]:
            return f"{whole:,} {name}"
    raise AssertionError(seconds)  # pragma: no cover - days have no end


def ratio(factor: float | None) -> str:
    """Return how many times as much: ``2.5×``, ``100×``."""
    if factor is None or not _known(factor):
        return UNKNOWN
    return f"{_whole(factor):,}×" if abs(factor) >= 9.95 else f"{_digits(factor, 2)}×"


def topic_name(topic: str) -> str:
    """Return a topic for a sentence; what is counted under ``OTHER`` has no name."""
    return "the rarer topics together" if topic == OTHER else topic


def utc(moment: float) -> str:
    """Return a moment in UTC: ``2026-11-24 09:30:00 UTC``; one outside the calendar as a number."""
    try:
        return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{moment:.0f} s since 1970"


def parse_duration(value: object) -> float:
    """Return seconds from a number of them or a text like ``5min`` or ``1h 30min``.

    Raises:
        ValueError: neither, negative, or not finite.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e10:
        return float(value)
    if isinstance(value, str) and value.strip():
        total, at = 0.0, 0
        while at < len(value) and (part := _PART.match(value, at)):
            total, at = total + float(part[1]) * UNITS[part[2]], part.end()
        if at == len(value) and total < 1e10:
            return total
    raise ValueError("must be a duration such as 30s, 5min, 2h, 7d, or seconds")


_AGO = re.compile(r"-?(\d+(\.\d+)?\s*(s|min|h|d)\s*)+|-\d+", re.ASCII)
_NUMBER = re.compile(r"\d{1,11}(\.\d+)?", re.ASCII)


def parse_moment(text: str, now: float) -> float:
    """Return epoch seconds from ``now``, ``2h`` (ago), ``2026-11-24 09:30``, or a number of them.

    A date without a zone is local time; ``Z`` or an offset may follow.

    Raises:
        ValueError: none of these.
    """
    text = text.strip()
    if text == "now":
        return now
    if _AGO.fullmatch(text):
        return now - parse_duration(text.lstrip("-"))
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
        return moment.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            "must be now, 2h or 20min (ago), 2026-11-24, 2026-11-24 09:30 (local"
            " time), 2026-11-24T09:30Z, or seconds since the epoch"
        ) from error
