"""What is judged: the recent series of one consumer on a regular grid; reads no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

#: One value a step, oldest first; None is unknown, never zero.
Column = Sequence[Optional[float]]
COLUMNS = (
    "received",
    "processed",
    "backlog",
    "failed",
    "rejected",
    "busy",
    "in_progress",
    "oldest",
    "delay",
    "workers",
    "service_p50",
    "service_p99",
    "service_max",
    "redelivered",
    "vanished",
    "consuming",
)
#: By topic.
BY_TOPIC = ("topics", "topic_processed", "topic_busy")


@dataclass(frozen=True)
class Restart:
    """A restart at ``time`` (seconds since the epoch); ``lost`` messages, None when unknown."""

    time: float
    lost: float | None = None


@dataclass(frozen=True)
class History:
    """One consumer's series, each point the mean over (or value at the end of) its step.

    Raises:
        ValueError: ``step`` is not positive, or a column's length differs.
    """

    #: Seconds between points.
    step: float
    #: Wall clock of the last point, seconds since the epoch.
    end: float
    #: Messages/s over the step.
    received: Column
    processed: Column
    #: Messages at the end of the step.
    backlog: Column
    #: Messages/s over the step.
    failed: Column | None = None
    rejected: Column | None = None
    #: Worker-seconds per second.
    busy: Column | None = None
    #: Messages.
    in_progress: Column | None = None
    #: Seconds.
    oldest: Column | None = None
    delay: Column | None = None
    #: Threads.
    workers: Column | None = None
    #: Service time that half and 99 % of the messages do not exceed, s.
    service_p50: Column | None = None
    service_p99: Column | None = None
    #: The longest, of those that run so far, s.
    service_max: Column | None = None
    #: Messages/s that a broker delivers again, and that leave it without being handled.
    redelivered: Column | None = None
    vanished: Column | None = None
    #: 1 while the consumer takes messages, 0 while it does not.
    consuming: Column | None = None
    #: Messages/s received, by topic.
    topics: Mapping[str, Column] = field(default_factory=dict)
    #: Of the same topics: messages/s that ended, worker-seconds per second. A topic's service
    #: time is their ratio; of what has been received, part still waits and has cost nothing.
    topic_processed: Mapping[str, Column] = field(default_factory=dict)
    topic_busy: Mapping[str, Column] = field(default_factory=dict)
    restarts: Sequence[Restart] = ()
    #: False in blocking mode: the backlog is where nobody can see it.
    observable: bool = True
    #: Whether the process or its endpoint was seen at ``end``; None when nobody looked.
    alive: bool | None = None
    #: Whether somebody has paused it on purpose.
    paused: bool = False
    #: The consumer's name, for sentences.
    name: str = ""
    #: Seconds by which the samples' clock is ahead of the reader's (behind: negative).
    clock_ahead: float = 0.0

    def __post_init__(self) -> None:
        if self.step <= 0:
            raise ValueError(f"step {self.step} s is not positive")
        size = len(self.received)
        columns = [(n, getattr(self, n)) for n in COLUMNS]
        columns += [(f"{n} of {t}", c) for n in BY_TOPIC for t, c in getattr(self, n).items()]
        for name, column in columns:
            if column is not None and len(column) != size:
                raise ValueError(f"{name}: {len(column)} points, received has {size}")

    def __len__(self) -> int:
        return len(self.received)

    @property
    def backlog_hidden(self) -> bool:
        """Whether messages wait where nobody sees them (blocking mode).

        The daemon says so, or the store shows it: 0 workers and no backlog with them.
        """
        if not self.observable:
            return True
        for threads, waits in zip(reversed(self.workers or ()), reversed(self.backlog)):
            if threads is not None:
                return threads == 0 and waits is None
        return False

    def time(self, index: int) -> float:
        """Return the wall clock of a point, seconds since the epoch."""
        return self.end - (len(self) - 1 - index) * self.step


def newest_part(history: History, seconds: float) -> History:
    """Return the last ``seconds`` of a history, without its topics."""
    size = max(1, round(seconds / history.step))
    columns = {
        name: column[-size:] for name in COLUMNS if (column := getattr(history, name)) is not None
    }
    return replace(history, topics={}, topic_processed={}, topic_busy={}, **columns)


def last_whole(history: History) -> int:
    """Return the index of the last point whose three series are known; -1 when there is none."""
    hidden = history.backlog_hidden
    for i in range(len(history) - 1, -1, -1):
        if known_at(history, i, hidden):
            return i - 1 if _half_stored(history, i, hidden) else i
    return -1


def _half_stored(history: History, newest: int, hidden: bool) -> bool:
    """Return whether part of the newest sample is still on its way to the store.

    Its series are written one after the other: without its age a hung worker looks well for a
    moment. What the sample before lacks too does not come.
    """
    if newest < 1 or not known_at(history, newest - 1, hidden):
        return False
    columns = [history.busy, history.workers, history.in_progress, history.failed]
    if history.backlog[newest]:
        columns.append(history.oldest)  # where nothing waits there is none
    return any(
        column[newest] is None and column[newest - 1] is not None
        for column in columns
        if column is not None
    )


def waiting(history: History, last: int) -> float:
    """Return how many messages wait at ``last``; of a hidden backlog, those in the workers."""
    if last < 0:
        return 0.0
    if history.backlog_hidden and history.in_progress:
        return history.in_progress[last] or 0.0  # all that can be seen of it
    return history.backlog[last] or 0.0


def latest(column: Column | None, last: int) -> float | None:
    """Return the newest known value up to ``last``."""
    if column is None:
        return None
    return next((x for x in reversed(column[: last + 1]) if x is not None), None)


def known_at(history: History, index: int, hidden: bool = False) -> bool:
    """Tell whether a point's three series are known; the backlog is not asked of a hidden one."""
    return (
        history.received[index] is not None
        and history.processed[index] is not None
        and (hidden or history.backlog[index] is not None)
    )


#: Points that must agree: two could share one late poll; three are the promised delay.
PERSIST = 3
#: Points of own history before the trouble that may stand in for a baseline.
REFERENCE = 12


@dataclass(frozen=True)
class Window:
    """Sums over points whose received and processed are known; messages and seconds."""

    start: int
    stop: int
    seconds: float
    received: float
    processed: float
    failed: float | None
    busy: float | None

    @property
    def arrival_rate(self) -> float:
        """Messages/s; 0 for an empty window."""
        return self.received / self.seconds if self.seconds else 0.0

    @property
    def completion_rate(self) -> float:
        """Messages/s; 0 for an empty window."""
        return self.processed / self.seconds if self.seconds else 0.0


def window(history: History, start: int, stop: int) -> Window:
    """Return the sums over points ``start`` to ``stop - 1``."""
    start = max(0, start)
    pairs = [
        (r, p)
        for r, p in zip(history.received[start:stop], history.processed[start:stop])
        if r is not None and p is not None
    ]
    step = history.step
    seconds = len(pairs) * step

    def total(column: Column | None) -> float | None:
        values = [] if column is None else [x for x in column[start:stop] if x is not None]
        # Scaled to the same seconds: single points may be missing in one series only.
        return sum(values) / len(values) * seconds if values else None

    return Window(
        start,
        stop,
        seconds,
        sum(r for r, _ in pairs) * step,
        sum(p for _, p in pairs) * step,
        total(history.failed),
        total(history.busy),
    )
