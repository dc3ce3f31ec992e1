"""Consuming: is the queue consumed, is one message redelivered for ever, is it paused?"""

from __future__ import annotations

from ...humanize import count, duration, waits
from ..facts import Facts
from ..history import PERSIST, latest
from ..stats import SURE, known
from ..verdict import Finding, Verdict

#: Why a broker's queue has a backlog and no rates.
NOT_PUBLISHED = (
    "received (messages arrive that the broker does not count as published: dead letters, or of a"
    " publisher that was gone at once)"
)
NOT_COUNTED = (
    "received and processed (the broker counts nothing of this queue: its messages are of AMQP 1.0,"
    " it is unused since its node started, statistics are off, or it is read by AMQP)"
)


def paused(facts: Facts) -> Finding | None:
    """PAUSED: somebody has said that it is held on purpose; nothing else is judged."""
    if not facts.history.paused:
        return None
    return Finding(Verdict.PAUSED, 1.0, (f"paused on purpose; {waits(facts.backlog)}",))


def backlog_only(facts: Facts) -> Finding | None:
    """A queue of which only the backlog is known: nobody takes from it, or it cannot be judged.

    A broker counts nothing into the target of dead letters, nor of AMQP 1.0, nor without
    statistics.
    """
    history = facts.history
    newest = max(
        (i for i, waiting in enumerate(history.backlog) if waiting is not None), default=-1
    )
    if newest - facts.last <= PERSIST or (
        facts.now - history.time(newest) > PERSIST * history.step
    ):
        return None
    waiting = history.backlog[newest] or 0.0
    missing = (NOT_COUNTED if history.processed[newest] is None else NOT_PUBLISHED,)
    if waiting and latest(history.workers, newest) == 0:
        return Finding(
            Verdict.NO_CONSUMER,
            0.98,
            (f"no consumer is connected while {waits(waiting)}",),
            missing,
        )
    return Finding(
        Verdict.UNKNOWN,
        1.0,
        (f"{waits(waiting)}; its broker does not count all that comes and goes",),
        missing,
    )


def no_consumer(facts: Facts) -> Finding | None:
    """NO_CONSUMER: work waits and no worker is there, or none takes messages; said at once."""
    history, last = facts.history, facts.last
    paused = not any(x is None or x for x in (history.consuming or (None,))[-1:])
    if history.backlog_hidden and paused:
        return Finding(
            Verdict.NO_CONSUMER,
            0.95,
            ("the service says that it takes no messages: it is paused, or without its broker",),
            ("what waits",),
        )
    if last < 0 or not facts.backlog or history.backlog_hidden:
        return None
    workers = history.workers[last] if history.workers else None
    consuming = latest(history.consuming, last)
    if workers != 0 and consuming != 0:
        return None
    who = "no consumer is connected" if workers == 0 else "the consumer does not take messages"
    return Finding(
        Verdict.NO_CONSUMER, 0.98, (f"{who} while {waits(facts.backlog)}",), since=_since(facts)
    )


def _since(facts: Facts) -> float | None:
    """Return when the last worker went, epoch seconds; None where it is before what is known."""
    history = facts.history
    column = (
        history.workers
        if history.workers and history.workers[facts.last] == 0
        else (history.consuming)
    )
    for i in range(facts.last, -1, -1):
        if column is not None and column[i]:
            return history.time(i)
    return None


def poison(facts: Facts) -> Finding | None:
    """POISON: more deliveries are repeated than messages acknowledged, beyond chance."""
    history, stop = facts.history, facts.last + 1
    column = history.redelivered
    if column is None or stop < PERSIST:
        return None
    again = known(column[stop - PERSIST : stop])
    if len(again) < PERSIST or not all(again):
        return None
    repeated = sum(again) * history.step
    done = sum(known(history.processed[stop - PERSIST : stop])) * history.step
    if repeated < SURE or repeated <= done:
        return None
    return Finding(
        Verdict.POISON,
        0.95,
        (
            f"{count(repeated)} deliveries were repeated in {duration(PERSIST * history.step)} "
            f"while {count(done)} messages were acknowledged: the same ones come back",
        ),
    )
