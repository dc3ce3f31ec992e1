"""Do more messages arrive than were coped with, does each take longer? Names no cause."""

from __future__ import annotations

import itertools

from .acting import Reference
from .facts import Facts
from .history import PERSIST, REFERENCE, Window
from .hours import longest_message
from .segments import Segment
from .stats import SURE, WHICH
from .tail import SELDOM
from .usual import Usual

#: (fewer calm points than this, factor that a change must have): few points do not show ordinary
#: variation. Five minutes are longer than a burst of mail or a garbage collection lasts.
YOUNG = ((4, 5.0), (6, 2.5), (REFERENCE, 2.0), (30, 1.5))
#: Smallest factor that is named, however certain: loads vary by less.
CHANGE = 1.1
#: Factor of slowness that is named while the backlog is small.
EVIDENT = 1.5
#: Long messages that come one after the other by chance; more at once are slowness.
MAX_LONG = 3
#: Messages that must have ended to call a heavy-tailed consumer slow: twice ``MAX_LONG``, and one.
MIN_MESSAGES = 7
#: Messages expected in points in which none ended: by chance once in ten thousand.
NONE = 9.0


def excess(usual: Usual, recent: Window) -> float:
    """Return by how many standard deviations more arrived than usual."""
    return _excess(usual, recent.received, recent.seconds, usual.received, usual.seconds)


def _excess(usual: Usual, count: float, seconds: float, rate: float, watched: float) -> float:
    if not seconds:
        return 0.0
    expected = rate * seconds
    # The usual rate is a count as well: its error matters where it was observed briefly.
    scaled = 1 + seconds / watched if watched else 1.0
    error: float = (usual.dispersion * expected * scaled + 1) ** 0.5
    return (count - expected) / error


def more_arrive(facts: Facts, usual: Usual, reference: Reference, sigmas: float = WHICH) -> bool:
    """Return whether more arrives than in the reference, by ``sigmas`` standard deviations."""
    part = facts.arrivals[-1]
    least = reference.arrivals * least_change(facts)
    return (
        part.rate > least
        and _excess(usual, part.count, part.exposure, reference.arrivals, reference.seconds)
        > sigmas
    )


def times_slower(
    facts: Facts, usual: Usual, reference: Reference, sigmas: float = WHICH
) -> float | None:
    """Return how many times longer a message takes than it did, None when it does not.

    Messages that should have ended by the worker time spent are compared with those that did:
    a message that still runs counts from its first second. Without working time what ends
    while work waits is compared with the arrivals that were coped with.
    """
    if not facts.work or _none_ended(facts):
        return None  # slow or hung: until one ends nobody can tell
    part, service = facts.work[-1], reference.service
    if service and part.count < MIN_MESSAGES and facts.tail and facts.tail.heavy(service):
        return None  # of few messages a heavy tail's mean says nothing
    if facts.timed and service:
        used = part.exposure - facts.hung * (part.stop - part.start) * facts.history.step
        expected = max(0.0, used - _long_ones(facts, part, service)) / service
        known_for = max(1.0, reference.arrivals * reference.seconds)
        scaled = 1 + expected / known_for
        error = (usual.variation**2 * expected * scaled + 1 + (usual.wander * expected) ** 2) ** 0.5
        ratio = expected / max(part.count, 0.5)
        return (
            ratio
            if (expected - part.count > sigmas * error and ratio > least_change(facts))
            else None
        )
    expected = reference.arrivals * part.exposure
    short = -_excess(usual, part.count, part.exposure, reference.arrivals, reference.seconds)
    return expected / max(part.count, 0.5) if short > sigmas else None


def _long_ones(facts: Facts, part: Segment, service: float) -> float:
    """Return the seconds by which the longest messages of a part may be longer than most.

    Each as long as the longest seen, and as so many of them are together twice a year. What the
    messages' own scatter explains (an exponential's longest) is left out.
    """
    tail, ordinary = facts.tail, SURE * service
    if tail is None or not tail.heavy(service):
        return 0.0
    longest = longest_message(facts.history, part.start, part.stop) or float("inf")
    seconds = (part.stop - part.start) * facts.history.step
    usually = (tail.reached_together(k, SELDOM, seconds) for k in range(1, MAX_LONG + 1))
    return sum(max(0.0, min(longest, level) - ordinary) for level in usually)


def quiet(facts: Facts) -> bool:
    """Return whether messages that were due have not ended in the newest points."""
    if not facts.work:
        return False
    part, done = facts.work[-1], facts.history.processed
    points = sum(
        x is not None
        for x in itertools.takewhile(lambda x: not x, reversed(done[part.start : part.stop]))
    )
    return part.count < 1 or (
        points >= PERSIST and points * part.count > NONE * (part.stop - part.start - points)
    )


def _none_ended(facts: Facts) -> bool:
    """Return whether nothing is known to have ended since messages began to take longer.

    The step in which that began holds what ended before.
    """
    part, done = facts.work[-1], facts.history.processed
    if quiet(facts):
        return True
    before = facts.work[-2] if len(facts.work) > 1 else None
    slower = before is not None and mean_time(part) > EVIDENT * mean_time(before)
    return slower and not any(done[part.start + 1 : part.stop])


def least_change(facts: Facts) -> float:
    """Return the times that a change must be: more where only few calm points are known."""
    if facts.based:
        return CHANGE
    return next((times for points, times in YOUNG if len(facts.calm) < points), CHANGE)


def mean_time(part: Segment) -> float:
    """Return the worker-seconds per message of a part."""
    return part.exposure / max(part.count, 0.5)
