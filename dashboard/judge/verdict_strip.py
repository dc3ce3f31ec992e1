"""The verdicts of a span, moment by moment, for the strip under each row.

A past moment is judged once and kept; one call judges for a bounded time and says whether more
is due. The present baseline is used for all moments. Refuses spans so long that moments say nothing
of what lies between them.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectd_fedmsg.diagnosis import Baseline

from ..store.base import Daemon, Store
from ..store.series import Window
from .baselines import Baselines
from .judge import Judge
from .replay import CHUNK, Replay

#: (longest span, seconds between two moments judged): 30 to 124 moments a span.
RESOLUTIONS = (
    (1800, 30),
    (7200, 60),
    (43_200, 300),
    (172_800, 900),
    (1_209_600, 7200),
    (3_456_000, 21_600),
)
#: Seconds of judging in one call.
BUDGET_SECONDS = 0.3
#: Verdicts kept, of all daemons: about 10 MB.
MAX_KEPT = 50_000
#: Seconds after which a moment's samples have arrived.
SETTLED = 60
#: Seconds for which collectd may still fill in what it missed: what was unknown is judged again.
BACK_FILL = 7200
#: Start and end (epoch seconds), the verdict's name, its severity.
Run = tuple[int, int, str, int]


class _AsKnownNow(Baselines):
    """The baselines of the present, whichever moment is judged."""

    def __init__(self, present: Baselines) -> None:
        self._present = present

    def of(self, daemon: Daemon, now: float, *, topics: bool = False) -> Baseline | None:
        """Return what is usual for this daemon as known now."""
        del now
        return self._present.of(daemon, time.time(), topics=topics)


@dataclass(frozen=True)
class Strips:
    """Runs by daemon; ``every`` is seconds between two moments, 0 of a span too long."""

    every: int
    complete: bool
    runs: dict[str, list[Run]]


class VerdictStrips:
    """The verdicts of one store's past.

    Args:
        store, judge: of the same store.
        budget: seconds of judging in one call.
    """

    def __init__(self, store: Store, judge: Judge, budget: float = BUDGET_SECONDS) -> None:
        self._judge = Judge(store, _AsKnownNow(judge.baselines))
        self._budget = budget
        self._kept: OrderedDict[tuple[str, int], tuple[str, int, float]] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, daemons: Iterable[Daemon], window: Window, now: float) -> Strips:
        """Return the runs of equal verdicts; moments not judged yet are left out.

        Raises:
            StoreError: the store cannot answer.
        """
        chosen = list(daemons)
        every = next(
            (every for longest, every in RESOLUTIONS if window.end - window.start <= longest), 0
        )
        if not every:
            return Strips(0, True, {daemon.id: [] for daemon in chosen})
        first = -(-window.start // every) * every
        moments = range(first, int(min(window.end, now - SETTLED)) + 1, every)
        complete = self._judge_missing(chosen, moments, now)
        return Strips(
            every, complete, {daemon.id: list(self._runs(daemon.id, moments)) for daemon in chosen}
        )

    def _judge_missing(self, daemons: list[Daemon], moments: range, now: float) -> bool:
        """Judge what is not kept until the budget is spent; return whether nothing is left."""
        if not self._turn.acquire(blocking=False):
            return False  # another reader's request is judging
        try:
            deadline = time.monotonic() + self._budget
            for daemon in daemons:
                missing = [at for at in moments if self._due(daemon.id, at, now)]
                for part in _chunks(missing):
                    if time.monotonic() > deadline:
                        return False
                    self._look(daemon, part, now)
            return True
        finally:
            self._turn.release()

    def _due(self, name: str, at: int, now: float) -> bool:
        """Return whether a moment must be judged: never yet, or unknown when it was last."""
        kept = self._kept.get((name, at))
        if kept is None:
            return True
        verdict, _, judged = kept
        return verdict == "UNKNOWN" and judged < at + BACK_FILL and now - judged > SETTLED

    def _look(self, daemon: Daemon, moments: list[int], now: float) -> None:
        start = self._judge.span(daemon, moments[0]).start
        part = Replay(self._judge, daemon, Window(start, moments[-1], 1))
        for at in moments:
            diagnosis = self._judge.look(daemon, part.columns, part.topics, at).judged.diagnosis
            verdict = diagnosis.findings[0].verdict
            self._kept[daemon.id, at] = verdict.name, verdict.severity, now
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def _runs(self, name: str, moments: range) -> Iterator[Run]:
        run: Run | None = None
        for at in moments:
            judged = self._kept.get((name, at))
            if run is not None and (judged is None or judged[:2] != run[2:]):
                yield run
                run = None
            if judged is not None:
                run = (run[0] if run else at - moments.step, at, judged[0], judged[1])
        if run is not None:
            yield run


def _chunks(moments: list[int]) -> Iterator[list[int]]:
    """Yield moments that are read in one go: no further apart than ``CHUNK`` seconds."""
    part: list[int] = []
    for at in moments:
        if part and at - part[0] > CHUNK:
            yield part
            part = []
        part.append(at)
    if part:
        yield part
