"""Keep what daemons said of themselves for the page: evidence, versions, what changed.

Written to a file every ten seconds; samples of the last hour, thinned with their age. Refuses more
consumers than ``MAX_CONSUMERS``, and keeps no totals by topic: those are stored as series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import DecodeError
from ..files import atomic_write, read_file
from ..protocol import wire
from ..protocol.about import About
from ..protocol.changes import Change, changes_between
from ..protocol.evidence_file import MAX_CHANGES, MAX_FILE, Daemon, decode, encode
from ..protocol.sample import REPLICA_MARK, Sample, encode_row
from ..reader.collect import Harvest

#: Seconds between two writings, at most.
WRITE_SECONDS = 10.0
#: (age in seconds up to which samples are kept, seconds between two that are kept).
THINNED = ((120.0, 0.0), (900.0, 60.0), (3600.0, 300.0))
#: Consumers of which samples are kept, and daemons of which changes are.
MAX_CONSUMERS, MAX_DAEMONS = 200, 1000
#: Changes of one daemon that are kept: one that restarts for ever leaves room for others.
MAX_OF_DAEMON = 50
#: Bytes of rows in one frame.
MAX_PAGE = 900_000


@dataclass
class _Run:
    """The newest run of a daemon: what it said, and its consumers' rows by time."""

    origin: wire.Origin
    about: About
    rows: dict[str, list[tuple[float, bytes]]] = field(default_factory=dict)


class EvidenceKeeper:
    """Takes in each round of the reader.

    Args:
        path: the file; None: nothing is kept.
        place: returns the host that an endpoint's series get.
        every: seconds between two writings.
    """

    def __init__(
        self, path: Path | None, place: Callable[[str], str], every: float = WRITE_SECONDS
    ) -> None:
        self._path = path
        self._every = every
        self._place = place
        self._runs: dict[Daemon, _Run] = {}
        self.changes: dict[Daemon, list[Change]] = {}
        self._written = 0.0

    def load(self, path: Path) -> None:
        """Go on from what was kept before collectd's own restart.

        Raises:
            OSError, ValueError: it cannot be read, or is no such file.
        """
        try:
            known = decode(read_file(path, MAX_FILE, ours=True))
        except FileNotFoundError:
            return
        except DecodeError as error:
            raise ValueError(str(error)) from error
        self.changes = {daemon: list(changes) for daemon, changes in known.changes.items()}
        for reply in known.replies:
            daemon = (reply.origin.host, reply.origin.service)
            self._runs.setdefault(daemon, _Run(reply.origin, reply.about))
            for _, sample in reply.samples:
                self._keep(self._runs[daemon], sample)

    def take(self, harvest: Harvest, now: float) -> None:
        """Take in what one round brought, at ``now`` (epoch seconds)."""
        if self._path is None:
            return
        for endpoint, reply in harvest.heads.items():
            # Of replicas, which share one name, the one that started last is followed.
            follows = not any(REPLICA_MARK in name for name in reply.roster.consumers or ())
            origin = replace(reply.origin, host=self._place(endpoint))
            self._head(origin, reply.about, now, follows)
        for endpoint, origin, samples in harvest.fresh:
            run = self._runs.get((self._place(endpoint), origin.service))
            if run is not None and run.origin.run == origin.run:
                for sample in samples:
                    self._keep(run, sample)

    def save(self, now: float) -> None:
        """Write the file, when that is due.

        Raises:
            OSError: the folder or the disk does not take it.
        """
        if self._path is None or 0 <= now - self._written < self._every:
            return
        self._written = now
        for run in self._runs.values():
            for consumer, rows in list(run.rows.items()):
                run.rows[consumer] = thinned(rows, now)
                if not run.rows[consumer]:
                    del run.rows[consumer]
        content = encode(now, self.changes, (f for run in self._runs.values() for f in frames(run)))
        atomic_write(self._path, content, durable=False)

    def _head(self, origin: wire.Origin, about: About, now: float, follows: bool) -> None:
        """Take in who a daemon is; ``follows``: a new run of it follows the one before."""
        daemon = (origin.host, origin.service)
        known = self._runs.get(daemon)
        if known is None and len(self._runs) >= MAX_DAEMONS:
            return
        if known is not None and known.origin.run == origin.run:
            known.about = about
            return
        if known is not None and known.origin.started > origin.started:
            return  # another process of the same name: the newest is followed
        if known is not None and follows:
            changes = changes_between(known.about, about, min(origin.started, now))
            self.changes[daemon] = [*self.changes.get(daemon, ()), *changes][-MAX_OF_DAEMON:]
            self._forget_oldest()
        self._runs[daemon] = _Run(origin, about)

    def _forget_oldest(self) -> None:
        while sum(map(len, self.changes.values())) > MAX_CHANGES:
            oldest = min(self.changes, key=lambda daemon: self.changes[daemon][0].time)
            del self.changes[oldest][0]
            if not self.changes[oldest]:
                del self.changes[oldest]

    def _keep(self, run: _Run, sample: Sample) -> None:
        if not (sample.stacks or sample.in_hand or sample.failures):
            return
        consumer = sample.consumer.partition(REPLICA_MARK)[0]
        if consumer not in run.rows and self._consumers() >= MAX_CONSUMERS:
            return
        plain = replace(sample, consumer=consumer, topics={}, topic_processed={}, topic_busy={})
        row = encode_row(len(run.rows.get(consumer, ())), plain)
        run.rows.setdefault(consumer, []).append((sample.time, row))

    def _consumers(self) -> int:
        return sum(len(run.rows) for run in self._runs.values())


def thinned(rows: Sequence[tuple[float, bytes]], now: float) -> list[tuple[float, bytes]]:
    """Return the rows of the last hour, the fewer the older they are; times in seconds."""
    kept: list[tuple[float, bytes]] = []
    for row in rows:
        age = now - row[0]
        gap = next((every for limit, every in THINNED if age <= limit), None)
        if gap is not None and (not kept or row[0] - kept[-1][0] >= gap):
            kept.append(row)
    return kept


def frames(run: _Run) -> Iterator[bytes]:
    """Yield a run's replies; the slowest messages are in the first one only."""
    about = run.about
    for page in _pages(row for rows in run.rows.values() for _, row in rows):
        yield wire.encode_reply(run.origin, 0.0, 0.0, (0, len(page), False, page), about_now=about)
        about = replace(about, slowest=None)


def _pages(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    size = 0
    for row in rows:
        if size + len(row) > MAX_PAGE:
            yield page
            page, size = [], 0
        page.append(row)
        size += len(row) + 1
    yield page
