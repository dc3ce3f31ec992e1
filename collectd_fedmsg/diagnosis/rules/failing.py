"""Failing: do messages end without failure, and do failed ones come back?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

from ...humanize import count, duration
from ..facts import Facts
from ..history import PERSIST, REFERENCE, Window, window
from ..stats import SIGMAS
from ..verdict import Finding, Verdict

#: Failures below one in twenty stay a matter for the log: one bad topic of the twenty counted.
FAILING = 0.05
#: Share of excess arrivals that failures must match to have caused them: most of it.
MAIN_SHARE = 0.5
#: Seconds looked back for failures of a quiet daemon.
LOOK = 3600
#: Standard deviations that failures must fall short to have ended: 1 in 1,000.
ENDED = 3.1
#: ln(1,000): the odds, against messages that all end well while a share of them fails.
ENDED_NATS = 6.9


def failures(facts: Facts) -> Finding | None:
    """ERRORS: more fail than usual; RETRIES when about as many more arrive."""
    failing = list(unusual(facts))
    for window_failures in failing:
        since = _since_it_began(facts, window_failures.span)
        extra = coming_back(facts, since)
        if extra is not None:
            return Finding(
                Verdict.RETRIES,
                0.85,
                (
                    f"{count(extra)} messages more than usual arrived in "
                    f"{duration(since.seconds)} while {count(since.failed or 0)} failed: "
                    "failures seem to come back",
                ),
            )
    if not failing:
        return None
    return Finding(
        Verdict.ERRORS,
        0.95 if facts.based else 0.8,
        (f"{failing[0].share:.0%} of the messages fail; usual is {failing[0].before:.1%}",),
    )


@dataclass(frozen=True)
class Failures:
    """Failures over ``span``; ``share`` and the usual ``before`` are 0 to 1."""

    span: Window
    share: float
    before: float


def unusual(facts: Facts) -> Iterator[Failures]:
    """Yield the failures of each window in which they are no chance and go on."""
    column = facts.history.failed
    if column is None or not any(column[-int(LOOK / facts.history.step) - REFERENCE :]):
        return
    longer = list(windows(facts))
    if _ended(facts, longer[-1]):
        return
    for span in longer:
        failing = _failing(facts, span)
        if failing is None:
            continue
        if not any(_over(failing.share, later) for later in longer if later.start > span.start):
            yield failing


def _over(share: float, later: Window) -> bool:
    """Return whether fewer fail in ``later`` than chance leaves of a ``share`` of failures."""
    if later.failed is None:
        return False
    due = share * later.processed
    # Half a message: where all fail a single one that does not is no chance.
    error: float = (due * (1 - share) + 0.5) ** 0.5
    return due - later.failed > ENDED * error


def _ended(facts: Facts, span: Window) -> bool:
    """Return whether too many messages in a row ended well for a trouble that goes on."""
    column = facts.history.failed or ()
    newest = next((i for i in range(span.stop - 1, span.start, -1) if column[i]), span.start)
    earlier = window(facts.history, _since_it_began(facts, span).start, newest + 1)
    failed = earlier.failed or 0.0
    # Laplace's rule of succession.
    share = (failed + 1) / (max(earlier.processed, failed) + 2)
    later = window(facts.history, newest + 1, span.stop)
    return -later.processed * log(1 - share) > ENDED_NATS


def _since_it_began(facts: Facts, span: Window) -> Window:
    """Return the part of a window from the first failure on."""
    column = facts.history.failed or ()
    began = next((i for i in range(span.start, span.stop) if column[i]), span.start)
    return window(facts.history, began, span.stop)


def windows(facts: Facts) -> Iterator[Window]:
    """Yield windows up to the last point, each twice as long as the one before."""
    longest = min(facts.last + 1, max(REFERENCE, int(LOOK / facts.history.step)))
    size = PERSIST
    while True:
        yield window(facts.history, facts.last + 1 - size, facts.last + 1)
        if size >= longest:
            return
        size = min(longest, size * 2)


def _failing(facts: Facts, span: Window) -> Failures | None:
    """Return the failures over ``span`` when they are no chance."""
    if span.failed is None or span.processed <= 0:
        return None
    before = (facts.usual.failed or 0.0) if facts.usual else 0.0
    share = span.failed / span.processed
    # One failure more than expected is always possible: + 1 keeps small counts quiet.
    error = (before * span.processed + 1) ** 0.5
    if span.failed - before * span.processed < SIGMAS * error or share < before + FAILING:
        return None
    return Failures(span, share, before)


def coming_back(facts: Facts, since: Window) -> float | None:
    """Return the arrivals above usual when they are about as many as the failures.

    Args:
        facts: all.
        since: from the first failure on; more that came before it were no retries.
    """
    usual = facts.usual
    if usual is None or since.failed is None:
        return None
    expected = usual.received * since.seconds
    extra = since.received - expected
    if extra < SIGMAS * (usual.dispersion * expected + 1) ** 0.5:
        return None
    before = window(facts.history, since.start - REFERENCE, since.start)
    if before.seconds and before.arrival_rate - usual.received > extra / since.seconds / 2:
        return None  # more came before anything failed
    return extra if MAIN_SHARE <= since.failed / extra <= 1 / MAIN_SHARE else None
