"""What differs from usual: arrivals, time per message, workers, topics; names no verdict."""

from __future__ import annotations

from .facts import Facts
from .history import PERSIST, REFERENCE, Window, window
from .order import arrivals_rose, work_rose
from .stats import SIGMAS, WHICH


def excess(facts: Facts, seen: Window) -> float:
    """Return by how many standard deviations more arrived than usual."""
    if facts.usual is None or not seen.seconds:
        return 0.0
    expected = facts.usual.received * seen.seconds
    # What is usual is a count too, scaled: its error counts where it was watched for as short.
    scaled = 1 + seen.seconds / facts.usual.seconds
    error: float = (facts.usual.dispersion * expected * scaled + 1) ** 0.5
    return (seen.received - expected) / error


def more_arrivals(facts: Facts) -> bool:
    """Return whether arrivals are above usual beyond doubt of which."""
    return facts.usual is not None and excess(facts, facts.span) > WHICH


def less_service(facts: Facts) -> float | None:
    """Return how many times longer a message takes than usual, None when it does not.

    Without ``busy`` the completions while work waits are compared with the usual arrivals,
    which the daemon coped with.
    """
    usual, seen = facts.usual, facts.span
    if usual is None or seen.processed < 1:
        return None
    if facts.service and usual.service:
        ratio, before = facts.service / usual.service, max(1.0, usual.received * usual.seconds)
        error = usual.variation * (1 / seen.processed + 1 / before) ** 0.5
        return ratio if ratio - 1 > WHICH * error else None
    expected = max(usual.received, usual.capacity) * seen.seconds
    scaled = 1 + seen.seconds / usual.seconds
    if expected - seen.processed > WHICH * (usual.dispersion * expected * scaled + 1) ** 0.5:
        return expected / seen.processed
    return None


def fewer_workers(facts: Facts) -> bool:
    """Return whether workers are missing and those left are as fast as usual."""
    usual = facts.usual
    if usual is None or not usual.workers or not facts.workers:
        return False
    slower_each = bool(usual.service and less_service(facts) is not None)
    return facts.workers < usual.workers - 0.5 and not slower_each


def blamed_topic(facts: Facts) -> tuple[str, float, float] | None:
    """Return (topic, rate now, usual rate) of the topic with most excess, in messages/s."""
    best = None
    for topic, column in facts.history.topics.items():
        found = [x for x in column[facts.span.start: facts.span.stop] if x is not None]
        before = facts.usual.topics.get(topic, 0.0) if facts.usual else 0.0
        now = sum(found) / len(found) if found else 0.0
        if best is None or now - before > best[1] - best[2]:
            best = (topic, now, before)
    return best if best and best[1] > best[2] else None


def lead(facts: Facts) -> float:
    """Return seconds by which the arrivals rose before the time per message did (after: < 0).

    0 when the two cannot be told apart: fewer than three points between them, or what
    happened between them could be chance.
    """
    history, usual = facts.history, facts.usual
    if facts.onset is None or usual is None or not usual.service or history.busy is None:
        return 0.0
    # As long before the backlog's onset as after it: what changed first need not have
    # made the backlog grow by itself.
    start = max(0, 2 * facts.onset - facts.last - REFERENCE)
    arrivals = arrivals_rose(history.received, start, facts.last + 1)
    work = work_rose(history.busy, history.processed, usual.service, start, facts.last + 1)
    if arrivals is None or work is None or abs(arrivals - work) < PERSIST:
        return 0.0
    between = window(history, min(arrivals, work), max(arrivals, work))
    if arrivals < work:
        sure = excess(facts, between) > SIGMAS
    else:
        usually = between.processed * usual.service
        error = usual.service * usual.variation * (between.processed + 1) ** 0.5
        sure = (between.busy or 0.0) - usually > SIGMAS * error
    return (work - arrivals) * history.step if sure else 0.0
