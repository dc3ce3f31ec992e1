"""The earlier causes of a backlog: what acted first, and when it ended."""

from __future__ import annotations

from ..humanize import duration
from .facts import Facts

#: Factor by which a part must differ to be told: less is no incident.
TOLD = 1.5
#: Messages that must be expected where none ended, to call it a hang.
NONE_ENDED = 14.0


def ended(facts: Facts) -> str | None:
    """Return e.g. ``after a surge that ended 2 min ago``; None when nothing acted before.

    What began the trouble, and where that is another, what acted last.
    """
    usual = facts.usual
    if usual is None or facts.onset is None:
        return None
    begin = facts.onset - 1
    past: list[tuple[int, str]] = []
    for part, later in zip(facts.arrivals, facts.arrivals[1:]):
        if part.stop > begin and part.rate > TOLD * max(usual.received, later.rate):
            past.append((part.stop, "a surge"))
    for part, later in zip(facts.work, facts.work[1:]):
        if part.stop <= begin or not usual.service or not facts.timed:
            continue
        if not part.count and part.exposure > NONE_ENDED * usual.service:
            past.append((part.stop, "a hang"))
        elif part.count and part.exposure / part.count > TOLD * max(
            usual.service, later.exposure / max(later.count, 0.5)
        ):
            past.append((part.stop, "slow processing"))
    if not past or max(past)[0] > facts.last:
        return None
    # What began it, and what came last where that is something else.
    first, last = min(past), max(past)
    causes = [last] if first[1] == last[1] else [first, last]
    return "after " + " and ".join(_ago(facts, stop, what) for stop, what in causes)


def _ago(facts: Facts, stop: int, what: str) -> str:
    ago = facts.history.time(facts.last) - facts.history.time(stop - 1)
    return f"{what} that ended {duration(ago)} ago"
