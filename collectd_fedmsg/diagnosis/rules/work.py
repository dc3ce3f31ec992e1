"""Work: do messages end at all, on all workers, and without failure?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...humanize import count, duration, waits
from ..facts import Facts
from ..history import PERSIST, REFERENCE, Window, window
from ..hours import pause
from ..stats import SIGMAS, SURE
from ..usual import Usual
from ..verdict import Finding, Verdict

#: Failures below one in twenty stay a matter for the log: one bad topic of the twenty counted.
FAILING = 0.05
#: Share of excess arrivals that failures must match to have caused them: most of it.
MOST = 0.5
#: Three times the longest of a fortnight: heavy-tailed times are that long less than once a year.
BEYOND = 3.0
#: Times it where the backlog is beyond chance as well, which bursts of long messages are in.
WITNESSED = 1.5
#: Seconds looked back for failures of a quiet daemon.
LOOK = 3600
#: Standard deviations that failures must fall short to have ended: 1 in 1,000.
ENDED = 3.1


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
    busy = max(1.0, min(threads, facts.backlog))
    rate = busy / each if each else usual.received
    if not facts.based:
        # The mean of n messages is off by 2/√n once in forty.
        rate /= 1 + 2 / max(1.0, usual.received * usual.seconds) ** 0.5
    pace, paused = _before(facts, begin)
    rate = min(rate, pace or rate)
    # One worker pauses for as long as its message takes; that several do so at once is as rare
    # as the product of their chances, of which the square is on the safe side.
    usually = max(usual.longest_pause, usual.held / busy**2 if each else 0.0)
    # What the messages' own scatter explains is in the rate.
    known = usually if usually * rate > SURE else 0.0
    # Where more waits than chance makes there is a second witness.
    times = BEYOND if facts.onset is None else WITNESSED
    return seconds * rate >= SURE and seconds >= max(times * known, BEYOND * paused)


def _before(facts: Facts, stop: int) -> tuple[float | None, float]:
    """Return messages/s ended in the part before ``stop`` and its longest pause (s).

    A slow daemon may pause for long. The step in which the part began holds what ended before;
    what was in hand then may have ended as usual too. Neither is a witness.
    """
    start = max((part.start for part in facts.work if part.start < stop), default=None)
    if start is None or facts.onset is None:
        return None, 0.0
    before = window(facts.history, start + 1, stop)
    column = facts.history.in_progress
    held = (column[start] or 0.0) if column else 1.0
    slow = before.processed - held
    if not before.seconds or slow < 1:
        return None, 0.0
    return slow / before.seconds, pause(facts.history, start, stop)


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
    latest = [w for w in history.workers[: facts.last + 1] if w is not None][-PERSIST:]
    if len(latest) < PERSIST or max(latest) > usual.workers - 0.5:
        return None
    return Finding(
        Verdict.WORKERS_LOST,
        0.98,
        (f"{count(latest[-1])} workers instead of {count(usual.workers)}",),
    )


def failures(facts: Facts) -> Finding | None:
    """ERRORS: more fail than usual; RETRIES when about as many more arrive."""
    found = list(unusual(facts))
    for one in found:
        extra = coming_back(facts, one)
        if extra is not None:
            return Finding(
                Verdict.RETRIES,
                0.85,
                (
                    f"{count(extra)} messages more than usual arrived in "
                    f"{duration(one.seen.seconds)} while {count(one.seen.failed or 0)} failed: "
                    "failures seem to come back",
                ),
            )
    if not found:
        return None
    return Finding(
        Verdict.ERRORS,
        0.95 if facts.based else 0.8,
        (f"{found[0].share:.0%} of the messages fail; usual is {found[0].before:.1%}",),
    )


@dataclass(frozen=True)
class Failures:
    """Failures over ``seen``; ``share`` and the usual ``before`` are 0 to 1."""

    seen: Window
    share: float
    before: float


def unusual(facts: Facts) -> Iterator[Failures]:
    """Yield the failures of each window in which they are no chance and go on."""
    column = facts.history.failed
    if column is None or not any(column[-int(LOOK / facts.history.step) - REFERENCE :]):
        return
    seen = list(windows(facts))
    for one in seen:
        found = _failing(facts, one)
        if found is None:
            continue
        if not any(_over(found.share, later) for later in seen if later.start > one.start):
            yield found


def _over(share: float, later: Window) -> bool:
    """Return whether fewer fail in ``later`` than chance leaves of a ``share`` of failures."""
    if later.failed is None:
        return False
    due = share * later.processed
    # Half a message: where all fail a single one that does not is no chance.
    error: float = (due * (1 - share) + 0.5) ** 0.5
    return due - later.failed > ENDED * error


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
    column = facts.history.failed or ()
    began = next((i for i in range(seen.start, seen.stop) if column[i]), seen.start)
    before = window(facts.history, began - REFERENCE, began)
    if before.seconds and before.arrival_rate - usual.received > extra / seen.seconds / 2:
        return None  # more came before anything failed
    return extra if MOST <= seen.failed / extra <= 1 / MOST else None
