"""Whether a daemon without a recent sample is silent, retired, or not yet there."""

from __future__ import annotations

import time
from enum import Enum

from collectd_fedmsg.diagnosis.hours import DAY, HOUR
from collectd_fedmsg.errors import StoreError

from ..grid.answer import read
from ..store.base import Daemon, Ref, Selector, Store
from ..store.series import Window

#: Seconds without a sample after which a daemon, or a topic of it, is taken for retired: longer
#: than any outage that nobody has noticed.
RETIRED_SECONDS = 7 * DAY
#: Seconds looked back for a first sample: as far as stores keep hours.
MAX_LOOK_BACK = 42 * DAY
#: Seconds that clocks differ.
TOLERANCE = 60.0
#: Seconds for which a topic file's answer is used again, and files asked in one pass.
TOPIC_AGE, MAX_TOPICS_ASKED = 3600.0, 500
#: Files of which the answer is kept: those of 5,000 daemons.
MAX_TOPICS_KEPT = 100_000


class Presence(Enum):
    """What a daemon without a recent sample is at a moment."""

    SILENT = "silent"
    #: No sample for a week: kept and found, counted nowhere.
    RETIRED = "retired"
    #: The moment is before its first sample.
    ABSENT = "absent"


class Presences:
    """The daemons and topics of one store that are there no more, or not yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: What was found of past hours, by daemon: (hour asked, answer).
        self._past: dict[str, tuple[int, Presence]] = {}
        #: Newest sample of a topic (None: none) and when that was asked, monotonic.
        self._topics: dict[Ref, tuple[float, float | None]] = {}
        self._asked = 0

    def of(self, daemon: Daemon, now: float) -> Presence:
        """Return what a daemon is of which no sample is known in the hour before ``now``.

        Raises:
            StoreError: the store cannot answer.
        """
        ref = daemon.files.get("backlog") or daemon.files.get("received")
        newest = self._newest(ref) if ref is not None else None
        if newest is not None and newest <= now + TOLERANCE:
            return Presence.RETIRED if now - newest > RETIRED_SECONDS else Presence.SILENT
        if now >= time.time() - TOLERANCE:
            return Presence.SILENT
        hour = int(now // HOUR)
        kept = self._past.get(daemon.id)
        if kept is None or kept[0] != hour:
            kept = self._past[daemon.id] = (hour, self._of_the_past(daemon, now))
        return kept[1]

    def _of_the_past(self, daemon: Daemon, now: float) -> Presence:
        for seconds, presence in (
            (RETIRED_SECONDS, Presence.SILENT),
            (MAX_LOOK_BACK, Presence.RETIRED),
        ):
            window = Window(int(now - seconds), int(now), HOUR)
            for metric in ("backlog", "received"):
                series = read(self._store, daemon, metric, "AVERAGE", window)
                known = series is not None and any(
                    value is not None and series.start + (index + 1) * series.step <= now
                    for index, value in enumerate(series.points)
                )
                if known:
                    return presence
        return Presence.ABSENT

    def begin(self) -> None:
        """Start a pass over the fleet."""
        self._asked = 0

    def topics(self, daemon: Daemon, now: float) -> list[str]:
        """Return the topics received in the last week, sorted; those not asked yet included.

        Raises:
            StoreError: the store cannot answer.
        """
        return sorted(topic for topic, ref in daemon.topics.items() if self._heard(ref, now))

    def _heard(self, ref: Ref, now: float) -> bool:
        kept, at = self._topics.get(ref), time.monotonic()
        if kept is None or at - kept[0] > TOPIC_AGE:
            if self._asked >= MAX_TOPICS_ASKED or isinstance(ref, Selector):
                return kept is None or kept[1] is None or now - kept[1] <= RETIRED_SECONDS
            self._asked += 1
            if len(self._topics) > MAX_TOPICS_KEPT:
                self._topics.clear()
            kept = self._topics[ref] = (at, self._newest(ref))
        return kept[1] is None or now - kept[1] <= RETIRED_SECONDS

    def _newest(self, ref: Ref) -> float | None:
        try:
            last = self._store.newest(ref)
        except StoreError:
            return None
        return float(last[0]) if last is not None else None

    def keep_only(self, daemons: set[str]) -> None:
        """Forget the daemons that are gone."""
        self._past = {name: kept for name, kept in self._past.items() if name in daemons}
