"""Work: do messages end at all, and on all workers?"""

from __future__ import annotations

from ...humanize import count, duration, waits
from ..facts import Facts
from ..history import PERSIST, REFERENCE, window
from ..hours import pause
from ..stats import SURE, mean
from ..tail import SELDOM
from ..usual import Usual
from ..verdict import Finding, Verdict

#: Multiple of a fortnight's longest pause: heavy-tailed times reach it less than once a year.
BEYOND = 3.0
#: Seconds before a pause that show how long messages take while no queue is there.
LOOK_BACK = 1800
#: The same where the backlog is beyond chance as well.
WITNESSED = 1.5


def stalled(facts: Facts) -> Finding | None:
    """STALLED: work waits and nothing ends for longer than chance or habit explain."""
    history, usual = facts.history, facts.usual
    run, begin = 0, facts.last + 1
    for i in range(facts.last, -1, -1):
        if history.processed[i] or history.backlog[i] == 0:
            break
        run += history.processed[i] is not None
        begin = i
    seconds = run * history.step
    if run < PERSIST or not facts.backlog:
        return None
    certainty = 0.97
    missing: tuple[str, ...] = ()
    if usual is None or not usual.received:
        if run < REFERENCE:
            return None
        certainty, missing = 0.6, ("a baseline",)
    elif not _beyond_pauses(facts, usual, begin, seconds):
        return None
    oldest = history.oldest[facts.last] if history.oldest else None
    says = [f"nothing ended for {duration(seconds)} while {waits(facts.backlog)}"]
    if oldest is not None:
        says.append(f"the oldest message is {duration(oldest)} old")
    return Finding(
        Verdict.STALLED, certainty, tuple(says), missing, history.time(facts.last) - seconds
    )


def _beyond_pauses(facts: Facts, usual: Usual, begin: int, seconds: float) -> bool:
    """Return whether nothing ended for longer than chance, habit or this trouble's pace explain."""
    threads = usual.workers or facts.workers or 1.0
    each = usual.longest_topic_time
    busy = max(1.0, min(threads, _in_hand(facts, begin)))
    rate = busy / each if each else usual.received
    if not facts.based:
        # The mean of n messages is off by 2/√n once in forty.
        rate /= 1 + 2 / max(1.0, usual.received * usual.seconds) ** 0.5
    pace, paused = _before(facts, begin, busy)
    rate = min(rate, pace or rate)
    # What the messages' own scatter explains is in the rate.
    known = facts.longest_pause
    known = known if known * rate > SURE else 0.0
    # A backlog beyond chance is a second piece of evidence.
    times = BEYOND if facts.onset is None else WITNESSED
    # All busy workers may each hold a long message.
    longest = facts.tail.reached_together(busy, SELDOM, seconds) if facts.tail else 0.0
    return seconds * rate >= SURE and seconds >= max(times * known, BEYOND * paused, longest)


def _in_hand(facts: Facts, begin: int) -> float:
    """Return how many messages were in hand on average since ``begin``; what waits, if unknown."""
    column = facts.history.in_progress
    return mean(column[begin : facts.last + 1] if column else None) or facts.backlog


def _before(facts: Facts, stop: int, busy: float) -> tuple[float | None, float]:
    """Return messages/s that ``busy`` workers ended in the part before ``stop``, and its longest
    pause (s).

    A slow daemon may pause for long. The step in which the part began, and the messages in hand
    then, are left out: they may have taken their usual time.
    """
    start = max((part.start for part in facts.work if part.start < stop), default=None)
    if facts.onset is None:
        start = max(0, stop - round(LOOK_BACK / facts.history.step))
    if start is None or (facts.onset is None and not facts.timed):
        return None, 0.0
    before = window(facts.history, start + 1, stop)
    column = facts.history.in_progress
    held = (column[start] or 0.0) if column else 1.0
    slow = before.processed - held
    if not before.seconds or slow < 1:
        return None, 0.0
    # Without a queue workers rest: the service time gives the pace, not the completions.
    pace = busy * slow / before.busy if before.busy else slow / before.seconds
    return pace, pause(facts.history, start, stop) if facts.onset is not None else 0.0


def workers_lost(facts: Facts) -> Finding | None:
    """WORKERS_LOST: some workers hold their message for ever, or there are fewer than usual."""
    usual, history = facts.usual, facts.history
    if facts.hung and facts.span.processed > 0:
        oldest = history.oldest[facts.last] if history.oldest else None
        return Finding(
            Verdict.WORKERS_LOST,
            0.95,
            (
                f"{count(facts.hung)} of {count(facts.workers or 1)} workers hang: the oldest "
                f"message ages second for second, now {duration(oldest or 0)}, while others end",
            ),
            since=facts.now - (oldest or 0),
        )
    if usual is None or not usual.workers or not history.workers or history.backlog_hidden:
        return None
    if usual.workers_vary and facts.onset is None:
        return None  # as many as the load needs
    latest = [w for w in history.workers[: facts.last + 1] if w is not None][-PERSIST:]
    if len(latest) < PERSIST or max(latest) > usual.workers - 0.5:
        return None
    if latest[-1] > latest[0]:
        return None  # they come back: a part of the last step is without them
    return Finding(
        Verdict.WORKERS_LOST,
        0.98,
        (f"{count(latest[-1])} workers instead of {count(usual.workers)}",),
    )
