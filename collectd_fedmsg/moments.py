"""Moments as people write them, and as they read them; pure: ``now`` is a parameter."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from .alerts.durations import seconds

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
