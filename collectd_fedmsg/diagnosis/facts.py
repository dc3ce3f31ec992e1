"""Everything the rules look at, computed once per evaluation; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .acting import Cause
from .baseline import Baseline
from .calm import longest_pause
from .history import History, Window
from .segments import Segment
from .tail import Tail
from .trend import Trend
from .usual import Usual

#: An excursion lasts until a third of the limit: else it would begin and end with each sample
#: around it.
LEFT = 1 / 3


@dataclass(frozen=True)
class Facts:
    """One evaluation. Rates in messages/s, times in s, backlog in messages."""

    history: History
    now: float
    usual: Usual | None
    #: True when ``usual`` is a real baseline, not the calm minutes of this same history.
    based: bool
    #: Index of the last point whose three series are known; -1 when there is none.
    last: int
    #: Seconds from that point to ``now``.
    silence: float
    backlog: float
    #: More than this is no chance.
    limit: float
    #: Where the backlog left its usual level; None when it has not.
    onset: int | None
    #: The part that acts: from the newest turn (or ten minutes ago) to the last point.
    span: Window
    #: Messages/s by which the backlog moves over ``span``; with its standard error.
    drift: float
    drift_error: float
    workers: float | None
    #: Workers seen hanging, from the oldest message's age.
    hung: float
    #: Points in which nothing but a short queue waited.
    calm: Sequence[int] = ()
    #: Stretches of one arrival rate, and of one time per message (events: messages that ended;
    #: exposure: worker-seconds, or seconds in which work waited where these are not known).
    arrivals: Sequence[Segment] = ()
    work: Sequence[Segment] = ()
    #: What makes the backlog grow; None when nothing acts.
    cause: Cause | None = None
    #: Utilisation's rise over past hours; None when there is none or no baseline.
    trend: Trend | None = None
    #: The past hours themselves, for what is seldom asked; None without a baseline.
    past: Baseline | None = None

    @property
    def tail(self) -> Tail | None:
        """The longest messages of past hours; None where they are not known."""
        return self.past.tail(self.now) if self.past is not None else None

    @property
    def longest_pause(self) -> float:
        """Longest usual time with work waiting and nothing ended, s."""
        if self.past is not None and self.based and self.usual is not None:
            return self.past.longest_pause(self.now, self.usual)
        return longest_pause(self.history, self.calm)

    @property
    def timed(self) -> bool:
        """Whether working time is known."""
        return self.history.busy is not None and any(x is not None for x in self.history.busy)

    @property
    def service(self) -> float | None:
        """Worker-seconds per message since it last changed, hung workers left out."""
        part = self.work[-1] if self.timed and self.work else None
        count, used = (
            (part.count, part.exposure) if part else (self.span.processed, self.span.busy or 0.0)
        )
        seconds = (part.stop - part.start) * self.history.step if part else self.span.seconds
        if not count or not self.timed:
            return None
        return max(0.0, used - self.hung * seconds) / count or None


#: Optional series and what they are called when they are missing.
SERIES = (
    ("busy", "working time (busy)"),
    ("workers", "the number of workers"),
    ("failed", "failures"),
    ("oldest", "the oldest message's age"),
)


def missing(facts: Facts) -> tuple[str, ...]:
    """Return the names of all that would make a verdict surer, the weightiest first."""
    history = facts.history
    names = []
    if facts.last < 0:
        names.append("samples")
    if not facts.based:
        names.append("a baseline")
    if history.backlog_hidden:
        names.append("the true backlog (blocking mode)")
    for name, called in SERIES:
        column = getattr(history, name)
        if column is None or all(x is None for x in column):
            names.append(called)
    if history.alive is None:
        names.append("whether the process lives")
    return tuple(names)
