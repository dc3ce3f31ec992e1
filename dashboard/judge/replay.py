"""Judge a store's past moment by moment; looks at nothing later than each moment."""

from __future__ import annotations

from collections.abc import Iterator

from collectd_fedmsg.diagnosis.judgement import Judgement

from ..store.base import Daemon, Store
from ..store.series import Window
from .judge import Judge
from .look_back import Topics
from .unknown import Columns

#: Seconds read in one go; not more, for what goes further back may be kept at coarser steps.
CHUNK = 3600


class Replay:
    """One daemon's series over one chunk, read when they are first asked for."""

    def __init__(self, judge: Judge, daemon: Daemon, window: Window) -> None:
        self._judge = judge
        self.daemon = daemon
        self._window = window
        self.columns: Columns = judge.columns(daemon, window)
        self._topics: Topics | None = None

    def topics(self) -> Topics:
        """Return what was received by topic."""
        if self._topics is None:
            self._topics = self._judge.topics(self.daemon, self._window)
        return self._topics


def replay(store: Store, judge: Judge, start: int, end: int, every: int) -> Iterator[Judgement]:
    """Yield the fleet's judgement at ``start``, ``start + every`` … up to ``end``.

    Args:
        store, judge: of the same store.
        start, end, every: epoch seconds, and seconds.

    Raises:
        StoreError: the store cannot answer.
    """
    daemons = store.daemons().values()
    store.prepare([ref for daemon in daemons for ref in daemon.files.values()])
    count = max(CHUNK // every, 1)
    for first in range(start, end + 1, count * every):
        last = min(end, first + (count - 1) * every)
        parts = [
            Replay(judge, daemon, Window(judge.span(daemon, first).start, last, 1))
            for daemon in daemons
        ]
        for now in range(first, last + 1, every):
            yield judge.together(
                now,
                judge.existing(
                    [judge.look(part.daemon, part.columns, part.topics, now) for part in parts], now
                ),
            )
