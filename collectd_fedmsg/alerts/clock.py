"""Bring a state's times back when the clock was set back.

A time ahead of the clock was written while the clock was wrong: until that time, rules would judge
nothing and groups would send nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

#: Seconds that a time may be ahead: clocks of hosts differ a little.
MAX_SKEW = 60.0
_Record = TypeVar("_Record", bound=Any)


def ahead(times: Mapping[Any, float], now: float) -> float:
    """Return by how many seconds the latest time is ahead of ``now``; 0 within ``MAX_SKEW``."""
    most = max(times.values(), default=now) - now
    return most if most > MAX_SKEW else 0.0


def brought_back(record: _Record, now: float, names: tuple[str, ...]) -> tuple[_Record, float]:
    """Return a frozen record with these times at ``now`` at the latest.

    Args:
        record: its fields ``names`` are epoch seconds, tuples of them, or None.
        now: epoch seconds.
        names: of the fields.

    Returns the record itself when nothing is further ahead than ``MAX_SKEW`` seconds, and by
    how many seconds the latest was ahead.
    """
    known = {field.name for field in fields(record)}
    changes: dict[str, Any] = {}
    most = 0.0
    for name in names:
        value = getattr(record, name) if name in known else None
        times = value if isinstance(value, tuple) else (value,)
        late = max((at - now for at in times if at is not None), default=0.0)
        if late > MAX_SKEW:
            most = max(most, late)
            changes[name] = tuple(min(at, now) for at in value) if isinstance(value, tuple) else now
    return (replace(record, **changes) if changes else record), most
