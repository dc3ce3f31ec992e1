"""The files that collectd's rrdtool and rrdcached plugins write; the only importer of rrdtool.

Never writes. A file that cannot be read affects only its series.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

try:
    import rrdtool
except ImportError:  # a page of a Prometheus needs none
    rrdtool = None

from collectd_fedmsg.errors import SeriesError, StoreError
from collectd_fedmsg.names import printable

from .base import Archive, Daemon, Ref
from .flusher import Flusher
from .rrd_header import Header, named, opened, read_header
from .rrd_listing import SUFFIX, Listing
from .rrd_lock import LOCKED, PAUSE_SECONDS, WRITER_SECONDS, without_writers
from .series import MAX_NUMBER, Series, checked, impossible_number

__all__ = ["Daemon", "RRDStore"]

#: Seconds that a reader waits for the others: librrd draws one picture at a time.
TIMEOUT_SECONDS = 10.0
#: Points read of one file at once: 0.2 s. A file whose finest archive alone holds six weeks of
#: seconds would take as many seconds for each of its series.
MAX_ROWS = 700_000
#: Of what is asked for, epoch seconds: librrd refuses what is before 1980.
EARLIEST = 10 * 365 * 86400 + 86400
#: What librrd's binding raises; SystemError for a name that is not UTF-8.
ERRORS = (OSError, SystemError, ValueError) + (
    () if rrdtool is None else (rrdtool.OperationalError, rrdtool.ProgrammingError)
)
NO_BINDING = (
    "RRD files are read with rrdtool's Python binding, which this Python has not:"
    " install the distribution's python3-rrdtool, or build it with"
    " pip install collectd-fedmsg[rrd]"
)


class Turn:
    """Hold librrd for one call: its graphs share state (rrdgraph is not thread-safe)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=TIMEOUT_SECONDS):
            raise StoreError(f"busy: other readers took more than {TIMEOUT_SECONDS:.0f} s")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class RRDStore:
    """Read-only view of one collectd data folder.

    Args:
        data_dir: collectd's ``DataDir``, spelled as there: rrdcached knows a file by its name.
        rrdcached: the address of its socket; empty where collectd writes the files.

    Raises:
        StoreError: there is no binding.
    """

    #: Of the process: librrd is one for all stores.
    _turn = Turn()

    def __init__(self, data_dir: Path, rrdcached: str = "") -> None:
        if rrdtool is None:
            raise StoreError(NO_BINDING)
        self._root = data_dir
        self._listing = Listing(data_dir)
        self._flusher = Flusher(rrdcached, data_dir) if rrdcached else None

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted.

        Raises:
            StoreError: the folder cannot be listed, or has lost all daemons that it had.
        """
        return self._listing.daemons()

    def problems(self) -> list[str]:
        """Return what could not be listed, a sentence each."""
        idle = self._flusher.problem() if self._flusher is not None else ""
        return [*self._listing.problems(), *([idle] if idle else [])]

    def prepare(self, refs: Iterable[Ref]) -> None:
        """Make rrdcached write these files, in one batch.

        Raises:
            StoreError: rrdcached does not answer.
        """
        if self._flusher is not None:
            self._flusher.flush([_archive(ref).path for ref in refs])

    def fetch(self, ref: Ref, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one file's values of [start, end) at its step nearest to ``resolution`` seconds.

        Raises:
            SeriesError: the file cannot be read.
            StoreError: rrdcached does not answer.
        """
        archive, start = _archive(ref), max(start, EARLIEST)
        if end <= start:
            return Series(start, resolution, [])
        with self._reading(archive) as (path, header):
            if cf not in header.consolidations:
                cf = "AVERAGE"  # files of 2014 have nothing else
            if cf not in header.consolidations:
                raise ValueError("has no archive of averages")
            self._bounded(path, cf, start, end, resolution)
            (first, _, step), names, rows = rrdtool.fetch(
                [path, cf, "-s", str(start), "-e", str(end), "-r", str(resolution)]
            )
        column = _column(names, archive)
        # Four times faster than a comprehension over the rows of one.
        points = (
            list(chain.from_iterable(rows)) if len(names) == 1 else [row[column] for row in rows]
        )
        return checked(Series(int(first), int(step), points), named(archive.path))

    @staticmethod
    def _bounded(path: str, cf: str, start: int, end: int, resolution: int) -> None:
        """Refuse a read that would take seconds; the step is found by reading one point."""
        if end - start <= MAX_ROWS:
            return
        (_, _, step), _, _ = rrdtool.fetch(
            [path, cf, "-s", str(end - 1), "-e", str(end), "-r", str(resolution)]
        )
        if (end - start) // step > MAX_ROWS:
            raise ValueError(
                f"keeps no steps coarser than {step} s (RRATimespan): too many to"
                f" read for {end - start} s"
            )

    def newest(self, ref: Ref) -> tuple[int, float] | None:
        """Return the time and value of a file's last update; None when the value is unknown.

        Raises:
            SeriesError: the file cannot be read, or holds an impossible number.
            StoreError: rrdcached does not answer.
        """
        archive = _archive(ref)
        with self._reading(archive) as (path, _):
            # The binding's own "date" is local time: an hour off where a clock shows it twice.
            moment = int(rrdtool.last(path))
            values = rrdtool.lastupdate(path)["ds"]
        newest = values[list(values)[_column(list(values), archive)]]
        try:
            value = float(newest)
        except (TypeError, ValueError):
            return None
        if not abs(value) <= MAX_NUMBER * 1e6:  # a total, not a rate
            raise SeriesError(impossible_number(named(archive.path), value, moment))
        return moment, value

    def heartbeat(self, ref: Ref) -> int | None:
        """Return after how many seconds a file's source is unknown.

        Raises:
            SeriesError: the file cannot be read.
        """
        return read_header(_archive(ref).path).heartbeat

    def graph(self, arguments: list[str], refs: Iterable[Ref]) -> bytes:
        """Return the PNG of an ``rrdtool graph`` command, without its file name, of these files.

        Raises:
            SeriesError: one of the files cannot be read.
            StoreError: rrdtool refused it.
        """
        paths = [_archive(ref) for ref in refs]
        self.prepare(paths)
        for archive in paths:
            self._flushed(archive)
            read_header(archive.path)
        # It takes long: a writer is not kept away meanwhile, but waited for.
        deadline = time.monotonic() + WRITER_SECONDS
        while True:
            try:
                with self._turn:
                    return bytes(rrdtool.graphv(["-", *arguments])["image"])
            except ERRORS as error:
                if LOCKED not in str(error) or time.monotonic() > deadline:
                    raise StoreError(f"graph: {printable(str(error))}") from error
            time.sleep(PAUSE_SECONDS)

    def path(self, ref: Ref) -> Path:
        """Return the file of a series."""
        return _archive(ref).path

    def other(self, identity: str) -> Ref | None:
        """Return the file of a collectd identity from the configuration, when it is there."""
        name, _, source = identity.partition("#")
        path = self._root / f"{name}{SUFFIX}"
        # Not Path.resolve(), which raises for a link that leads to itself.
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self._root))
        inside = inside and path.is_file()
        return Archive(path, source) if inside else None

    @contextmanager
    def _reading(self, archive: Archive) -> Iterator[tuple[str, Header]]:
        """Hold librrd for one checked file; whatever it raises names the file."""
        self.prepare([archive])
        self._flushed(archive)
        try:
            with opened(archive.path) as (name, header), self._turn, without_writers(name):
                yield name, header
        except ERRORS as error:
            raise SeriesError(f"{named(archive.path)}: {printable(str(error))}") from error

    def _flushed(self, archive: Archive) -> None:
        refused = self._flusher.refused(archive.path) if self._flusher is not None else ""
        if refused:
            raise SeriesError(
                f"{named(archive.path)}: rrdcached refuses to write it out: {refused}"
            )


def _archive(ref: Ref) -> Archive:
    if isinstance(ref, Archive):
        return ref
    if isinstance(ref, Path):
        return Archive(ref)
    raise StoreError(f"not a file: {ref}")


def _column(names: Sequence[str], archive: Archive) -> int:
    """Return which column a data source is; the first when none is named."""
    if not archive.source:
        return 0
    try:
        return list(names).index(archive.source)
    except ValueError:
        raise SeriesError(f"{named(archive.path)}: no data source {archive.source!r}") from None
