"""What a daemon's messages take, from the page's API."""

from __future__ import annotations

from .stage import Stage


def service_time(stage: Stage, service: str, start: int, end: int | None = None) -> float:
    """Return the mean worker-seconds per message ended between two epoch seconds (now for None).

    0 when nothing ended, or nothing is known.
    """
    series = stage.series(service, "busy", "processed", start=start, end=end)
    pairs = [
        (busy, ended)
        for busy, ended in zip(series["busy"], series["processed"])
        if busy is not None and ended is not None
    ]
    ended = sum(count for _, count in pairs)
    return sum(seconds for seconds, _ in pairs) / 1e6 / ended if ended else 0.0
