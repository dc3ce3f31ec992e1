"""How many messages fail, and how many come back; names no verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .facts import Facts
from .history import PERSIST, REFERENCE, Window, window
from .stats import SIGMAS, SURE

#: Failures below one in twenty stay a matter for the log: one bad topic of the twenty counted.
FAILING = 0.05
#: Share of excess arrivals that failures must match to have caused them: most of it.
MOST = 0.5
#: Seconds looked back for failures of a quiet daemon: what failed longer ago is past.
LOOK = 1800


@dataclass(frozen=True)
class Failures:
    """Failures over ``seen``; ``share`` and the usual ``before`` are 0 to 1."""

    seen: Window
    share: float
    before: float


def unusual(facts: Facts) -> Iterator[Failures]:
    """Yield the failures of each window in which they are no chance and go on."""
    column = facts.history.failed
    if column is None or not any(column[-int(LOOK / facts.history.step) - REFERENCE:]):
        return
    seen = list(windows(facts))
    for one in seen:
        found = _failing(facts, one)
        if found is None:
            continue
        # 14 failures due: less than half of them are left by chance in 1 of 100 only.
        latest = next((w for w in seen if w.processed >= SURE / found.share), one)
        if latest.failed is not None and latest.failed >= found.share / 2 * latest.processed:
            yield found


def windows(facts: Facts) -> Iterator[Window]:
    """Yield windows up to the last point, each twice as long as the one before."""
    longest = min(facts.last + 1, max(REFERENCE, int(LOOK / facts.history.step)))
    size = PERSIST
    while True:
        yield window(facts.history, facts.last + 1 - size, facts.last + 1)
        if size >= longest:
            return
        size = min(longest, size * 2)


def _failing(facts: Facts, seen: Window) -> Failures | None:
    """Return the failures over ``seen`` when they are no chance."""
    if seen.failed is None or seen.processed <= 0:
        return None
    before = (facts.usual.failed or 0.0) if facts.usual else 0.0
    share = seen.failed / seen.processed
    # One failure more than expected is always possible: + 1 keeps small counts quiet.
    error = (before * seen.processed + 1) ** 0.5
    if seen.failed - before * seen.processed < SIGMAS * error or share < before + FAILING:
        return None
    return Failures(seen, share, before)


def coming_back(facts: Facts, found: Failures) -> float | None:
    """Return the arrivals above usual when they are about as many as the failures."""
    usual, seen = facts.usual, found.seen
    if usual is None or seen.failed is None:
        return None
    expected = usual.received * seen.seconds
    extra = seen.received - expected
    if extra < SIGMAS * (usual.dispersion * expected + 1) ** 0.5:
        return None
    return extra if MOST <= seen.failed / extra <= 1 / MOST else None
