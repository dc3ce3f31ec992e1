"""Recover what an outage of rrdcached would lose: hold samples back, then fill the gap.

While it is away, or its folder read-only, nothing is taken from the daemons, whose rings keep
the samples; those of other sources are buffered. When it is back, the samples that it should
have are asked for again, and those newer than its files stored. A full disk is logged here:
collectd's own log gives no reason.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from ..metrics import PLUGIN
from ..names import escape
from ..protocol.sample import REPLICA_MARK
from ..protocol.wire import Request
from ..reader.collect import Harvest, Reader
from ..rrdcached import Presence, Rrdcached
from .series import SeriesTable
from .sources.base import PartialSample, SampleOrigin

#: Bytes left on the disk below which no new series is created.
TOO_FULL = 1 << 20
#: Rounds in which a daemon is not read before what rrdcached lost of it is given up.
MISSED_ROUNDS = 3


class OutageRecovery:
    """Holds samples back while rrdcached is down, and restores them afterwards.

    Args:
        host: the name that collectd gives to series of this host.
        folder: where the files are; where collectd is, by default: its BaseDir.
    """

    def __init__(
        self, store: Rrdcached, reader: Reader, table: SeriesTable, host: str, folder: str = ""
    ) -> None:
        self._store = store
        self._reader = reader
        self._table = table
        self._host = host
        self._folder = folder or "."
        self._read_only = False
        #: The daemons that are still to be asked, and for what.
        self._due: dict[str, Request] = {}
        self._missed: Counter[str] = Counter()
        #: Whether samples may be missing in the files.
        self._behind = False
        #: Samples of sources that cannot be asked again.
        self.buffer = OutageBuffer()
        self.restored = 0

    def ready(self, timeout: float) -> tuple[bool, str]:
        """Return whether samples may be stored now, and a sentence for the log or "".

        Takes at most ``timeout`` seconds.
        """
        presence = self._store.look(timeout / 4)
        if presence is Presence.AWAY:
            return False, "rrdcached does not answer: samples wait in the daemons"
        writable, problem = room(self._folder)
        if not writable:
            self._read_only = True
            return False, problem
        if presence is Presence.BACK or self._read_only:
            self._read_only = False
            self._due = dict.fromkeys(self._reader.cursors.known(), Request())
            self._missed.clear()
            self._behind = bool(self._due or self.buffer.stored())
        if not self._behind:
            return True, problem
        return self._restore(timeout * 3 / 4)

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _restore(self, timeout: float) -> tuple[bool, str]:
        harvest = self._reader.again(self._due, timeout / 2)
        lacking = [*harvest.fresh, *self.buffer.stored()]
        stored, done = self._store.restore(self._files(lacking), timeout / 2)
        self.restored += stored
        if not done:
            return False, "rrdcached went away again"
        self._count_due(harvest)
        self._behind = bool(self._due)
        refusal = self._store.refusal
        return not self._due, f"rrdcached is back: {stored} lost updates were restored" + (
            f"; others it refuses: {refusal}" if refusal else ""
        )

    def _count_due(self, harvest: Harvest) -> None:
        """Note who is still to be asked: whose ring has more, and who was not read yet."""
        heard = {endpoint for endpoint, _, _ in harvest.fresh}
        for endpoint in list(self._due):
            if endpoint in harvest.further:
                self._due[endpoint] = harvest.further[endpoint]
                self._missed[endpoint] = 0
            elif endpoint in heard:
                del self._due[endpoint]
            elif endpoint not in harvest.unread or not heard:
                # Silent, failing or gone, or nobody is read in time: a bounded number of rounds.
                # While others are read, its turn comes.
                self._missed[endpoint] += 1
                if self._missed[endpoint] >= MISSED_ROUNDS:
                    del self._due[endpoint]

    def _files(
        self, fresh: Iterable[tuple[str, Any, Sequence[Any]]]
    ) -> dict[str, list[tuple[int, float]]]:
        files: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for endpoint, origin, samples in fresh:
            place = self._reader.place(endpoint)
            user = self._reader.user(endpoint, origin.service)
            folder = f"{place or self._host}/{PLUGIN}-{escape(origin.service)}"
            for sample in samples:
                if REPLICA_MARK in sample.consumer:
                    continue  # what is stored of it is its row, which is held here
                series = self._table.find(place, origin.service, sample.consumer, user)
                for kind, instance, value in series.values(sample, again=True) if series else ():
                    files[f"{folder}/{kind}-{instance}"].append((int(sample.time), value))
        return files


def room(folder: str) -> tuple[bool, str]:
    """Return whether a folder can be written at all, and what is wrong with it, if anything."""
    try:
        there = os.statvfs(folder)
        name = os.path.realpath(folder)
    except OSError as error:
        return True, f"{folder}: {error.strerror}"
    if there.f_flag & os.ST_RDONLY:
        return False, f"{name} is read-only: samples wait in the daemons"
    left = there.f_bavail * there.f_frsize
    if left < TOO_FULL:
        return True, f"{name} is full, {left // 1024} kB are left: no new series can be stored"
    return True, ""


#: Samples of each kind: an hour and more of ten consumers every ten seconds, about 5 MB.
MAX_SAMPLES = 5000
Entry = tuple[str, SampleOrigin, Sequence[PartialSample]]


class OutageBuffer:
    """Samples that wait to be stored, and those that were stored last."""

    def __init__(self, most: int = MAX_SAMPLES) -> None:
        self._waiting = Bounded(most)
        self._stored = Bounded(most)

    def add(self, fresh: Iterable[Entry]) -> None:
        """Append samples to those that wait."""
        for entry in fresh:
            self._waiting.add(entry)

    def release(self) -> list[Entry]:
        """Return all that waits, oldest first; it is stored from now on."""
        released = self._waiting.take()
        for entry in released:
            self._stored.add(entry)
        return released

    def stored(self) -> list[Entry]:
        """Return what was released last, oldest first: the store may have lost some of it."""
        return list(self._stored.kept)


class Bounded:
    """A queue of at most ``most`` samples."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self.kept: deque[Entry] = deque()

    def add(self, entry: Entry) -> None:
        """Append; beyond the limit the oldest are dropped."""
        self.kept.append(entry)
        self._count += len(entry[2])
        while self._count > self._most:
            self._count -= len(self.kept.popleft()[2])

    def take(self) -> list[Entry]:
        """Return all and empty the queue."""
        taken, self.kept, self._count = list(self.kept), deque(), 0
        return taken
