"""Rules that people use, judged on the same samples; each answers a verdict's name."""

from __future__ import annotations

from collections.abc import Callable

from collectd_fedmsg.diagnosis import History

#: Published thresholds of the queue monitor: times the recent mean, messages from zero, share.
SPIKE, FROM_ZERO, GROWTH = 3.0, 1000.0, 0.2
#: Samples of "recent".
RECENT = 30


def _mean(column: object, start: int, stop: int | None = None) -> float:
    known = [x for x in column[start:stop] if x is not None]  # type: ignore[index]
    return sum(known) / len(known) if known else 0.0


def three_samples(h: History) -> str:
    """Return who rose more over the last three samples while the backlog grew; else OK."""
    waits = [x for x in h.backlog[-4:] if x is not None]
    if len(waits) < 4 or not all(b > a for a, b in zip(waits, waits[1:])):
        return (
            "RECOVERING"
            if len(waits) == 4 and all(b < a for a, b in zip(waits, waits[1:]))
            else "OK"
        )
    before, now = _mean(h.received, -RECENT, -3), _mean(h.received, -3)
    done = _mean(h.processed, -3)
    if not done:
        return "STALLED"
    more = now / before if before else 1.0
    if h.busy is None:
        slower = _mean(h.processed, -RECENT, -3) / done
    else:
        past = _mean(h.processed, -RECENT, -3)
        usual = _mean(h.busy, -RECENT, -3) / past if past else 0.0
        slower = _mean(h.busy, -3) / done / usual if usual else 1.0
    return "SURGE" if more >= slower else "SLOW"


def queue_monitor(h: History) -> str:
    """Return what a queue monitor's six published rules say, the first that holds."""
    waits = [x for x in h.backlog[-RECENT:] if x is not None]
    if not waits:
        return "UNKNOWN"
    now, before = _mean(h.received, -1), _mean(h.received, -RECENT, -1)
    done = _mean(h.processed, -3)
    rules = (
        ("WORKERS_LOST", h.workers is not None and h.workers[-1] == 0),  # no consumer
        ("STALLED", bool(waits[-1] and not done)),  # drain stall
        ("STARVED", not waits[-1] and not _mean(h.received, -RECENT)),  # no activity
        ("SURGE", bool(before and now >= SPIKE * before)),  # producer spike
        ("SLOW", waits[-1] > waits[0] and done < _mean(h.received, -3)),  # slow consumer
        # Backlog: no cause is named.
        ("SATURATED", waits[-1] > waits[0] * (1 + GROWTH) and waits[-1] >= FROM_ZERO),
    )
    return next((verdict for verdict, holds in rules if holds), "OK")


RIVALS: dict[str, Callable[[History], str]] = {
    "three samples": three_samples,
    "queue monitor's six": queue_monitor,
}
