"""What makes the backlog grow: arrivals, time per message or both, by what each adds."""

from __future__ import annotations

from collections.abc import Sequence

from .acting import Cause, Reference
from .excess import EVIDENT, mean_time, more_arrive, times_slower
from .facts import Facts
from .history import PERSIST, REFERENCE, Window, window
from .references import references
from .segments import Segment
from .split import Split, shapley
from .stats import SIGMAS, WHICH, known
from .verdict import Verdict

#: A part below this is not named as a cause of its own: twice the ±10 points that the split
#: promises.
PART = 0.2
#: Blocks that the split's fluid queue steps through: enough to see a cause begin or end.
BLOCKS = 12
#: Standard deviations of a change when another one is more certain: 1 in 1,000.
SECOND = 3.1
#: Share of the capacity that arrivals must use to make a backlog grow.
USED = 0.9


def cause(facts: Facts) -> Cause | None:
    """Return what makes the backlog grow now, None when nothing has changed beyond doubt."""
    if facts.usual is None or not facts.arrivals:
        return None
    for reference in references(facts, facts.usual):
        surge = more_arrive(facts, facts.usual, reference)
        slower = times_slower(facts, facts.usual, reference)
        if surge and slower:
            # Asked at each sample of an hour: the less certain change has a stricter limit.
            more = more_arrive(facts, facts.usual, reference, SECOND)
            longer = times_slower(facts, facts.usual, reference, SECOND)
            surge, slower = more or not longer, longer if more else slower
        if surge or slower:
            acting = _named(facts, reference, surge, slower)
            able = _capacity(facts)
            if facts.drift < 0 and facts.arrivals[-1].rate < USED * able:
                return None  # it is coped with
            return acting
    return None


def evident(facts: Facts) -> Cause | None:
    """Return slowness beyond chance while the backlog is still within chance."""
    usual = facts.usual
    if usual is None or not facts.work or not facts.timed:
        return None
    if facts.tail is not None and facts.tail.heavy(usual.service or 0.0):
        return None  # a few long messages in a row are chance: the backlog decides then
    young = facts.last + 1 - facts.work[-1].start < PERSIST
    # Fewer than a dozen soon grow, or vanish.
    few = facts.backlog < (facts.workers or 1.0) + REFERENCE
    if young or few or facts.drift < WHICH * facts.drift_error:
        return None
    for reference in references(facts, usual):
        slower = times_slower(facts, usual, reference, SIGMAS)
        able = _capacity(facts)
        if slower is None or slower < EVIDENT or able >= facts.arrivals[-1].rate:
            return None
    return _named(facts, reference, False, slower)


def slowness(facts: Facts) -> float | None:
    """Return how many times longer a message takes than usual, None when it does not."""
    if facts.usual is None or not facts.arrivals:
        return None
    usual = next(iter(reversed(list(references(facts, facts.usual)))))
    return times_slower(facts, facts.usual, usual)


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


def _named(facts: Facts, reference: Reference, surge: bool, slower: float | None) -> Cause | None:
    """Return the cause: where both changed, by what each adds to the growth.

    None where what changed adds hardly anything.
    """
    split = _split(facts, reference)
    share = split.surge_share
    if (
        share is not None
        and not (surge and slower)
        and (share < PART if surge else share > 1 - PART)
    ):
        return None  # what changed beyond doubt did not make the backlog
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
            _since([mean_time(part) for part in facts.work], facts.work, reference.service or 0.0)
        )
    return Cause(
        verdict,
        split,
        facts.arrivals[-1].rate / reference.arrivals if reference.arrivals else 0.0,
        slower,
        reference,
        max(starts),
    )


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
