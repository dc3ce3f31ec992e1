"""Hidden backlog: the queue is not visible, but a thread that is never idle has work waiting.

In moksha's blocking mode what waits is in a socket's buffer; a fedora-messaging service's queue
is the broker's. Rates, handling time and delay are seen all the same, and named; such a daemon is
never called well.
"""

from __future__ import annotations

from ...humanize import duration, rate, ratio
from ..excess import excess
from ..facts import Facts
from ..history import PERSIST, Column, History, window
from ..stats import SIGMAS, SURE
from ..verdict import Diagnosis, Finding, Verdict
from .failing import windows

#: Busy 19 seconds of 20, a queue at random times would be 19 long (ρ/(1 - ρ)); the polls
#: between two messages take the rest.
ALWAYS = 0.95


def always_busy(facts: Facts) -> Finding | None:
    """SLOW or SURGE of a daemon whose one thread never rests, by what changed."""
    usual = facts.usual
    if not facts.history.backlog_hidden or usual is None or not usual.service:
        return None
    for recent in windows(facts):
        if recent.busy is None or not recent.seconds or recent.processed < 1:
            continue
        load = recent.busy / recent.seconds
        if load < ALWAYS:
            continue
        slower = recent.busy / recent.processed / usual.service
        says = (
            f"the reactor is busy {min(load, 1):.0%} of the time for {duration(recent.seconds)}: "
            "messages wait"
        )
        hidden = ("the true backlog (blocking mode)",)
        if slower - 1 > SIGMAS * usual.variation / recent.processed**0.5:
            return Finding(
                Verdict.SLOW,
                0.85,
                (f"{says} unseen; {ratio(slower)} the usual time per message",),
                hidden,
            )
        if recent.processed >= SURE and excess(usual, recent) > SIGMAS:
            return Finding(
                Verdict.SURGE,
                0.85,
                (
                    f"{says} unseen; {rate(recent.arrival_rate)} are taken, usual is "
                    f"{rate(usual.received)}",
                ),
                hidden,
            )
    return None


HIDDEN = "the true backlog"


def hidden_backlog(history: History, now: float) -> Diagnosis:
    """Return UNKNOWN with what is seen; ``now`` in epoch seconds."""
    last = next(
        (
            i
            for i in range(len(history) - 1, -1, -1)
            if history.received[i] is not None and history.processed[i] is not None
        ),
        None,
    )
    silence = now - history.time(last) if last is not None else None
    if last is None or silence is None or silence > PERSIST * history.step:
        since = "no numbers at all" if silence is None else f"no numbers for {duration(silence)}"
        return _unknown(now, (since,), ("samples", HIDDEN, "whether the process lives"))
    evidence = [_where(history, last)]
    recent = window(history, last + 1 - PERSIST, last + 1)
    evidence.append(
        f"{rate(recent.arrival_rate)} arrive, {rate(recent.completion_rate)} are processed"
    )
    delay = _latest(history.delay, last)
    if delay is not None:
        evidence.append(f"they arrive {duration(delay)} after they were sent")
    if recent.busy is not None and recent.processed:
        evidence.append(f"each takes {duration(recent.busy / recent.processed)}")
    return _unknown(now, tuple(evidence), (HIDDEN,))


def _where(history: History, last: int) -> str:
    if _latest(history.workers, last) == 0:
        return "the daemon runs in blocking mode: what waits is in a socket's buffer"
    return "this kind of daemon does not tell what waits"


def _latest(column: Column | None, last: int) -> float | None:
    points = column[max(0, last + 1 - PERSIST) : last + 1] if column else ()
    return next((x for x in reversed(points) if x is not None), None)


def _unknown(now: float, evidence: tuple[str, ...], missing: tuple[str, ...]) -> Diagnosis:
    return Diagnosis(now, (Finding(Verdict.UNKNOWN, 1.0, evidence, missing),), missing=missing)
