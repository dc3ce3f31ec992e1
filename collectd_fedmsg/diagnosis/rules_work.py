"""Rules 7-10: is the work done at all, by all workers, and well?"""

from __future__ import annotations

from .facts import REFERENCE, Facts
from .finding import Finding
from .stats import SIGMAS, SURE
from .verdict import Verdict
from .window import PERSIST, Window, window
from .words import count, span

#: Failures below one in twenty stay a matter for the log: one bad topic of the twenty counted.
FAILING = 0.05
#: Share of excess arrivals that failures must match to have caused them: most of it.
MOST = 0.5
#: Seconds looked back for failures of a quiet daemon: what failed longer ago is past.
LOOK = 1800


def stalled(facts: Facts) -> Finding | None:
    """Rule 7: work waits and nothing ends for longer than chance or habit explain."""
    history, usual = facts.history, facts.usual
    run = 0
    for i in range(facts.last, -1, -1):
        if history.processed[i] or history.backlog[i] == 0:
            break
        run += history.processed[i] is not None
    seconds = run * history.step
    if run < PERSIST or not facts.backlog:
        return None
    certainty = 0.97
    missing: tuple[str, ...] = ()
    if usual is None or not usual.received:
        if run < REFERENCE:
            return None
        certainty, missing = 0.6, ("a baseline",)
    else:
        threads = usual.workers or facts.workers or 1.0
        rate = usual.received if not usual.service else (
            min(threads, facts.backlog) / usual.service)
        rate = min(rate, _pace(facts, facts.last + 1 - run) or rate)
        if seconds * rate < SURE or seconds < 3 * usual.gap:
            return None
    oldest = history.oldest[facts.last] if history.oldest else None
    says = [f"nothing ended for {span(seconds)} while {count(facts.backlog)} messages wait"]
    if oldest is not None:
        says.append(f"the oldest message is {span(oldest)} old")
    return Finding(Verdict.STALLED, certainty, tuple(says), missing,
                   history.time(facts.last) - seconds)


def _pace(facts: Facts, stop: int) -> float | None:
    """Return messages/s ended in the trouble before ``stop``: a slow daemon may pause for long."""
    if facts.onset is None:
        return None
    before = window(facts.history, facts.onset, stop)
    return before.completion_rate or None


def workers_lost(facts: Facts) -> Finding | None:
    """Rule 8: some workers hold their message for ever, or there are fewer than usual."""
    usual, history = facts.usual, facts.history
    if facts.hung and facts.span.processed > 0:
        oldest = history.oldest[facts.last] if history.oldest else None
        return Finding(Verdict.WORKERS_LOST, 0.95, (
            f"{count(facts.hung)} of {count(facts.workers or 1)} workers hang: the oldest message "
            f"ages second for second, now {span(oldest or 0)}, while others end",),
            since=facts.now - (oldest or 0))
    if usual is None or not usual.workers or not history.workers:
        return None
    latest = [w for w in history.workers[: facts.last + 1] if w is not None][-PERSIST:]
    if len(latest) < PERSIST or max(latest) > usual.workers - 0.5:
        return None
    return Finding(Verdict.WORKERS_LOST, 0.98, (
        f"{count(latest[-1])} workers instead of {count(usual.workers)}",))


def _latest_handled(facts: Facts) -> Window:
    """Return the shortest window that ended three times 14 messages, at most half an hour.

    Of so many even one failing in three is beyond chance by SIGMAS.
    """
    longest = max(REFERENCE, int(LOOK / facts.history.step))
    size = PERSIST
    while True:
        seen = window(facts.history, facts.last + 1 - size, facts.last + 1)
        if seen.processed >= 3 * SURE or size >= longest:
            return seen
        size = min(longest, size * 2)


def _failures(facts: Facts) -> tuple[float, float] | None:
    """Return (failure share now, usual) when it is no chance."""
    usual, seen = facts.usual, _latest_handled(facts)
    if seen.failed is None or seen.processed <= 0:
        return None
    before = (usual.failed or 0.0) if usual else 0.0
    share = seen.failed / seen.processed
    # One failure more than expected is always possible: + 1 keeps small counts quiet.
    error = (before * seen.processed + 1) ** 0.5
    if seen.failed - before * seen.processed < SIGMAS * error or share < before + FAILING:
        return None
    return share, before


def retries(facts: Facts) -> Finding | None:
    """Rule 9: the arrivals above usual are about as many as the failures."""
    failing, usual, seen = _failures(facts), facts.usual, _latest_handled(facts)
    if failing is None or usual is None or seen.failed is None:
        return None
    expected = usual.received * seen.seconds
    extra = seen.received - expected
    if extra < SIGMAS * (usual.dispersion * expected + 1) ** 0.5:
        return None
    if not MOST <= seen.failed / extra <= 1 / MOST:
        return None
    return Finding(Verdict.RETRIES, 0.85, (
        f"{count(extra)} messages more than usual arrived in {span(seen.seconds)} while "
        f"{count(seen.failed)} failed: failures seem to come back",))


def errors(facts: Facts) -> Finding | None:
    """Rule 10: a greater share fails than usual."""
    failing = _failures(facts)
    if failing is None or retries(facts) is not None:
        return None
    share, before = failing
    return Finding(Verdict.ERRORS, 0.95 if facts.based else 0.8, (
        f"{share:.0%} of the messages fail; usual is {before:.1%}",))
