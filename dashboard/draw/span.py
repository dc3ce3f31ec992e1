"""Where the time axis begins while the span is not yet full.

``static/span.js`` says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store.series import Points

#: A span is shown whole when at most this share of it is without samples at its begin.
MAX_EMPTY = 0.1
#: Steps that are shown at least: the first, and the one on its way.
MIN_STEPS = 3


def _first_known(series: Mapping[str, Points]) -> list[int]:
    """Return the first known step of a daemon's rates; where none is known, of any series.

    A rate is known one step later than a gauge: all panels begin where all have values.
    """
    firsts = {
        name: index
        for name, points in series.items()
        for index in [next((i for i, value in enumerate(points) if value is not None), None)]
        if index is not None
    }
    return [firsts["received"]] if "received" in firsts else list(firsts.values())


def begin_of(body: Mapping[str, Any]) -> int | None:
    """Return where the axis of an answer of ``/api/v1/series`` begins, epoch seconds; None when
    the span is shown whole."""
    start, end, step = body["start"], body["end"], body["step"]
    known = [first for daemon in body["daemons"] for first in _first_known(daemon["series"])]
    if not known:
        return None
    first = start + min(known) * step
    if first - start <= MAX_EMPTY * (end - start):
        return None
    return int(max(start, min(first, end - MIN_STEPS * step)))
