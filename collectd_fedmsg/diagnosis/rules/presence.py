"""Presence: is the daemon there, do its numbers arrive, can they be judged at all?"""

from __future__ import annotations

from ...humanize import count, counted, duration, messages
from ..facts import Facts, missing
from ..history import PERSIST, REFERENCE, known_at, window
from ..season import wander
from ..stats import SURE
from ..verdict import Finding, Verdict

#: A daemon that restarted this long ago (s) still explains its numbers: moksha's replay and
#: the first full samples are over by then.
RESTART_RECENT = 600
#: A relay or a sender that restarts is back within so many seconds.
#: Where samples are a second apart, three of them would make an incident of each restart.
AWAY = 15
#: Seconds before nothing was received in which the pace of the arrivals is seen.
PACE_SECONDS = 1800


def down(facts: Facts) -> Finding | None:
    """DOWN: the process or its endpoint was looked for and not seen."""
    if facts.history.alive is not False:
        return None
    return Finding(Verdict.DOWN, 1.0, ("the process is not there",))


def silent(facts: Facts) -> Finding | None:
    """TELEMETRY_LOST or UNKNOWN: no whole sample for three steps, as two late polls may be."""
    if facts.history.alive is False or facts.silence <= PERSIST * facts.history.step:
        return None
    since = f"no numbers for {duration(facts.silence)}" if facts.last >= 0 else "no numbers at all"
    if facts.history.alive:
        return Finding(Verdict.TELEMETRY_LOST, 0.95, (f"{since}, though the daemon lives",))
    return Finding(
        Verdict.UNKNOWN, 1.0, (since,), tuple(dict.fromkeys(("samples", *missing(facts))))
    )


def frozen(facts: Facts) -> Finding | None:
    """TELEMETRY_LOST: work waits, but neither the ages nor the working time tick.

    A stalled daemon's oldest message ages and its hung workers use up time; numbers
    that stand wholly still are copies.
    """
    history, last = facts.history, facts.last
    if last < PERSIST or not facts.backlog:
        return None
    first = last - PERSIST
    for column in (history.received, history.processed):
        if any(column[first + 1 : last + 1]):
            return None
    ages = history.oldest[first : last + 1] if history.oldest else ()
    stopped_age = bool(ages) and ages[0] is not None and len(set(ages)) == 1
    held = history.in_progress[last] if history.in_progress else None
    work = history.busy[first + 1 : last + 1] if history.busy else ()
    stopped_work = bool(held) and bool(work) and not any(x is None or x > 0 for x in work)
    if not (stopped_age or stopped_work):
        return None
    what = "the oldest message does not age" if stopped_age else "workers hold messages in no time"
    return Finding(Verdict.TELEMETRY_LOST, 0.95, (f"all numbers stand still and {what}",))


def unjudgeable(facts: Facts) -> Finding | None:
    """UNKNOWN: blocking mode hides the backlog; too few samples show nothing."""
    history = facts.history
    if history.backlog_hidden:
        return Finding(
            Verdict.UNKNOWN,
            1.0,
            ("the daemon runs in blocking mode: what waits is in a socket's buffer",),
            missing(facts),
        )
    recent = range(max(0, facts.last + 1 - REFERENCE), facts.last + 1)
    samples = sum(known_at(history, i) for i in recent)
    if facts.last >= 0 and samples < PERSIST:
        only = f"only {counted(samples, 'sample')}"
        return Finding(Verdict.UNKNOWN, 1.0, (only,), ("samples", *missing(facts)))
    return None


def restarted(facts: Facts) -> Finding | None:
    """RESTART: it restarted within ten minutes; what waited in memory is lost."""
    recent = [r for r in facts.history.restarts if 0 <= facts.now - r.time <= RESTART_RECENT]
    if not recent:
        return None
    lost = [r.lost for r in recent if r.lost is not None]
    ago = duration(facts.now - max(r.time for r in recent))
    what = f"{messages(sum(lost))} lost" if lost else "messages lost: not known"
    return Finding(
        Verdict.RESTART,
        1.0,
        (f"restarted {ago} ago, {what}",),
        () if lost else ("messages lost at the restart",),
        max(r.time for r in recent),
    )


def starved(facts: Facts) -> Finding | None:
    """STARVED: nothing arrived for so long that chance would do it once in a million."""
    usual, history = facts.usual, facts.history
    if usual is None or facts.last < 0 or not usual.received:
        return None
    quiet = 0
    for received in reversed(history.received[: facts.last + 1]):
        if received:
            break
        quiet += received is not None
    seconds = quiet * history.step
    if quiet < PERSIST or seconds < AWAY or seconds * usual.received < SURE:
        return None
    # Arrivals in clumps (dispersion over 1) leave longer pauses; the low end of the usual
    # range counts, so that a quiet week does not page.
    spread = usual.received_spread / usual.received
    if facts.past is not None:
        spread = max(spread, wander(facts.past, facts.now))
    low = usual.received * max(1 - 3 * spread, 0.25)
    # A producer that sends less for a while is not gone.
    stop = facts.last + 1 - quiet
    before = window(history, stop - round(PACE_SECONDS / history.step), stop)
    if before.received >= SURE:
        low = min(low, before.arrival_rate)
    if seconds * low / usual.dispersion < SURE:
        return None
    return Finding(
        Verdict.STARVED,
        0.95 if facts.based else 0.7,
        (f"nothing received for {duration(seconds)}; usual are {count(seconds * usual.received)}",),
        since=history.time(facts.last - quiet + 1),
    )
