"""Compare the present with the time before the backlog: arrivals, time per message, workers.

A change is one that the daemon did not cope with: what was already so while nothing waited did
not make the backlog, whatever the calendar says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from .facts import Facts
from .history import PERSIST, REFERENCE, Window, window
from .segments import Segment
from .split import Split, shapley
from .stats import SIGMAS, WHICH, known
from .usual import Usual
from .verdict import Cause, Reference, Verdict

#: A part below this is not named as a cause of its own: twice the ±10 points that the split
#: promises.
PART = 0.2
#: Blocks that the split's fluid queue steps through: enough to see a cause begin or end.
BLOCKS = 12
#: (calm points known, times what they show that a change must be): few points hide how much
#: is ordinary. Five minutes are longer than a burst of mail or a garbage collection lasts.
YOUNG = ((4, 5.0), (6, 2.5), (REFERENCE, 2.0), (30, 1.5))
#: Times that slowness must be to be named before much waits.
EVIDENT = 1.5
#: Messages due in points in which none ends: less than half a percent by chance.
NONE = 5.0
#: Part of the capacity that must be used by what arrives to be able to make a backlog grow.
USED = 0.9
#: Least change that is named, however sure: less is what loads do.
CHANGE = 1.1


def cause(facts: Facts) -> Cause | None:
    """Return what makes the backlog grow now, None when nothing has changed beyond doubt."""
    if facts.usual is None or not facts.arrivals:
        return None
    for reference in _references(facts, facts.usual):
        surge = _more(facts, facts.usual, reference)
        slower = _slower(facts, facts.usual, reference)
        if surge or slower:
            acting = _named(facts, reference, surge, slower)
            able = _capacity(facts)
            if facts.drift < 0 and facts.arrivals[-1].rate < USED * able:
                return None  # it is coped with
            return acting
    return None


def evident(facts: Facts) -> Cause | None:
    """Return slowness that no chance explains while what waits still could be chance."""
    if facts.usual is None or not facts.work or not facts.timed:
        return None
    if facts.last + 1 - facts.work[-1].start < PERSIST or facts.drift < WHICH * facts.drift_error:
        return None
    if facts.backlog < (facts.workers or 1.0) + REFERENCE:
        return None  # a dozen that wait are soon more, or gone
    for reference in _references(facts, facts.usual):
        slower = _slower(facts, facts.usual, reference, SIGMAS)
        if slower is None or slower < EVIDENT:
            return None
        if _capacity(facts) >= facts.arrivals[-1].rate:
            return None
    return _named(facts, reference, False, slower)


def slowness(facts: Facts) -> float | None:
    """Return how many times longer a message takes than usual, None when it does not."""
    if facts.usual is None or not facts.arrivals:
        return None
    usual = next(iter(reversed(list(_references(facts, facts.usual)))))
    return _slower(facts, facts.usual, usual)


def fewer_workers(facts: Facts) -> bool:
    """Return whether workers are missing and those left are as fast as usual."""
    usual = facts.usual
    if usual is None or not usual.workers or not facts.workers:
        return False
    return facts.workers < usual.workers - 0.5 and not (usual.service and slowness(facts))


def blamed_topic(facts: Facts) -> tuple[str, float, float] | None:
    """Return (topic, rate now, usual rate) of the topic with most excess, in messages/s."""
    best = None
    for topic, column in facts.history.topics.items():
        rates = known(column[facts.span.start : facts.span.stop])
        before = facts.usual.topics.get(topic, 0.0) if facts.usual else 0.0
        now = sum(rates) / len(rates) if rates else 0.0
        if best is None or now - before > best[1] - best[2]:
            best = (topic, now, before)
    return best if best and best[1] > best[2] else None


def excess(usual: Usual, seen: Window) -> float:
    """Return by how many standard deviations more arrived than usual."""
    return _excess(usual, seen.received, seen.seconds, usual.received, usual.seconds)


def _excess(usual: Usual, count: float, seconds: float, rate: float, watched: float) -> float:
    if not seconds:
        return 0.0
    expected = rate * seconds
    # What is usual is a count too, scaled: its error counts where it was watched for as short.
    scaled = 1 + seconds / watched if watched else 1.0
    error: float = (usual.dispersion * expected * scaled + 1) ** 0.5
    return (count - expected) / error


def _references(facts: Facts, usual: Usual) -> Iterator[Reference]:
    """Yield what was coped with in the last hour, then what is usual alone."""
    threads = usual.workers or facts.workers
    plain = Reference(
        usual.received,
        usual.service,
        _able(usual.service, threads, max(usual.capacity, usual.received)),
        usual.seconds,
    )
    alike = [i for i in facts.calm if facts.work and i >= facts.work[-1].start]
    rate, watched = _coped_with(facts)
    service = _service(facts, alike) if len(alike) >= PERSIST else None
    if rate > usual.received or (service and usual.service and service > usual.service):
        each = max(service or 0.0, usual.service or 0.0) or None
        yield Reference(
            max(rate, usual.received),
            each,
            _able(each, threads, max(rate, plain.capacity)),
            max(usual.seconds, watched),
        )
    yield plain


def _coped_with(facts: Facts) -> tuple[float, float]:
    """Return the greatest messages/s that arrived in calm for a while, and for how long (s).

    Of the stretch that lasts three calm points are enough, of an earlier one it takes more: a
    burst of half a minute may pass without a queue.
    """
    best, seconds = 0.0, 0.0
    for part in facts.arrivals:
        same = [i for i in facts.calm if part.start <= i < part.stop]
        if len(same) < (PERSIST if part is facts.arrivals[-1] else REFERENCE):
            continue
        # All of the stretch before the trouble: a short queue goes with fewer arrivals.
        stop = part.stop if facts.onset is None else min(part.stop, max(facts.onset, same[-1] + 1))
        seen = window(facts.history, part.start, stop)
        if seen.arrival_rate > best:
            best, seconds = seen.arrival_rate, seen.seconds
    return best, seconds


def _able(service: float | None, threads: float | None, seen: float) -> float:
    """Return the messages/s that can be ended, at least what was ``seen`` where it is unknown."""
    return threads / service if service and threads else seen


def _service(facts: Facts, places: list[int]) -> float | None:
    history = facts.history
    done = sum(history.processed[i] or 0.0 for i in places)
    used = sum((history.busy[i] or 0.0) for i in places) if history.busy else 0.0
    return used / done if done and used else None


def _more(facts: Facts, usual: Usual, reference: Reference) -> bool:
    """Return whether more arrives than was coped with, beyond doubt of which."""
    part = facts.arrivals[-1]
    least = reference.arrivals * _least(facts)
    return (
        part.rate > least
        and _excess(usual, part.count, part.exposure, reference.arrivals, reference.seconds) > WHICH
    )


def _slower(
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
    if facts.timed and service:
        used = part.exposure - facts.hung * (part.stop - part.start) * facts.history.step
        # One message may take as long as one usually does.
        expected = max(0.0, used - max(0.0, usual.held - 14 * service)) / service
        known_for = max(1.0, reference.arrivals * reference.seconds)
        scaled = 1 + expected / known_for
        error = (usual.variation**2 * expected * scaled + 1 + (usual.wander * expected) ** 2) ** 0.5
        ratio = expected / max(part.count, 0.5)
        return ratio if (expected - part.count > sigmas * error and ratio > _least(facts)) else None
    expected = reference.arrivals * part.exposure
    short = -_excess(usual, part.count, part.exposure, reference.arrivals, reference.seconds)
    return expected / max(part.count, 0.5) if short > sigmas else None


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
    slower = before is not None and _time(part) > EVIDENT * _time(before)
    return slower and not any(done[part.start + 1 : part.stop])


def _least(facts: Facts) -> float:
    """Return the times that a change must be: more where only few calm points are known."""
    if facts.based:
        return CHANGE
    return next((times for points, times in YOUNG if len(facts.calm) < points), CHANGE)


def _named(facts: Facts, reference: Reference, surge: bool, slower: float | None) -> Cause:
    """Return the cause: where both changed, by what each adds to the growth."""
    split = _split(facts, reference)
    share = split.surge_share
    able = _capacity(facts)
    verdict = Verdict.SURGE if surge else Verdict.SLOW
    if surge and slower:
        # Either alone would have made it grow.
        alone = able < reference.arrivals and facts.arrivals[-1].rate > reference.capacity
        if alone or share is None or PART <= share <= 1 - PART:
            verdict = Verdict.BOTH
        elif share < PART:
            verdict = Verdict.SLOW
    starts = []
    if verdict is not Verdict.SLOW:
        starts.append(
            _since([part.rate for part in facts.arrivals], facts.arrivals, reference.arrivals)
        )
    if verdict is not Verdict.SURGE and facts.work:
        starts.append(
            _since([_time(part) for part in facts.work], facts.work, reference.service or 0.0)
        )
    return Cause(
        verdict,
        split,
        facts.arrivals[-1].rate / reference.arrivals if reference.arrivals else 0.0,
        slower,
        reference,
        max(starts),
    )


def _time(part: Segment) -> float:
    return part.exposure / max(part.count, 0.5)


def _since(values: Sequence[float], parts: Sequence[Segment], before: float) -> int:
    """Return where the change began: earlier parts belong to it if more than half changed."""
    place = len(parts) - 1
    while place and values[place - 1] > (before + values[-1]) / 2:
        place -= 1
    return parts[place].start


def _capacity(facts: Facts) -> float:
    """Return the messages/s that the workers can end now."""
    if facts.service and facts.workers:
        return max(0.0, facts.workers - facts.hung) / facts.service
    return facts.work[-1].rate if facts.work else facts.span.completion_rate


def _split(facts: Facts, reference: Reference) -> Split:
    """Return the growth of the part that acts, in messages, by cause."""
    history, start, stop = facts.history, facts.span.start, facts.span.stop
    size = max(1, -(-(stop - start) // BLOCKS))
    arrivals, capacity = [], []
    for first in range(start, stop, size):
        block = window(history, first, min(stop, first + size))
        if not block.seconds:
            continue
        arrivals.append(block.arrival_rate)
        capacity.append(_block_capacity(facts, block))
    grown = facts.backlog - (history.backlog[max(0, start - 1)] or 0.0)
    return shapley(
        max(grown, 0.0),
        arrivals=arrivals,
        capacity=capacity,
        usual_arrivals=reference.arrivals,
        usual_capacity=reference.capacity,
        seconds=size * history.step,
    )


def _block_capacity(facts: Facts, block: Window) -> float:
    # While work waits, what ends is what the workers can do: also right without `busy`.
    if facts.workers and block.busy is not None and block.processed > 0:
        service = max(1e-9, block.busy - facts.hung * block.seconds) / block.processed
        return max(0.0, facts.workers - facts.hung) / service
    return block.completion_rate
