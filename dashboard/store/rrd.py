"""The files that collectd's rrdtool and rrdcached plugins write; the only importer of rrdtool.

Never writes, never follows a name from a request: files are found by listing the folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import rrdtool

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.metrics import PLUGIN, parse_instance
from collectd_fedmsg.names import unescape
from collectd_fedmsg.rrdcached import Flusher

from .base import Archive, Daemon, Ref
from .series import Series

__all__ = ["Daemon", "RRDStore"]

#: Seconds that a listing of the folder is believed.
LISTING_AGE = 5.0
#: Seconds that a reader waits for the others: librrd draws one picture at a time.
PATIENCE = 10.0
#: Consumers of one host and service beyond these are not shown: names may come from anyone.
MAX_CONSUMERS = 500
_SUFFIX = ".rrd"


class Turn:
    """Hold librrd for one call: its graphs share state (rrdgraph is not thread-safe)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreError(f"busy: other readers took more than {PATIENCE:.0f} s")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class RRDStore:
    """Read-only view of one collectd data folder."""

    def __init__(self, data_dir: Path, rrdcached: str = "") -> None:
        self._root = data_dir
        self._flusher = Flusher(rrdcached) if rrdcached else None
        self._turn = Turn()
        self._listed = -LISTING_AGE
        self._daemons: dict[str, Daemon] = {}

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted.

        Raises:
            StoreError: the folder cannot be read.
        """
        now = time.monotonic()
        # An empty folder costs nothing to list, and the first daemon is waited for.
        if not self._daemons or now - self._listed >= LISTING_AGE:
            self._daemons, self._listed = self._list(), now
        return self._daemons

    def prepare(self, refs: Iterable[Ref]) -> None:
        """Have rrdcached write these files out, in one go.

        Raises:
            StoreError: rrdcached does not answer.
        """
        if self._flusher is not None:
            self._flusher.flush([_archive(ref).path for ref in refs])

    def fetch(self, ref: Ref, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one file's values of [start, end) at its step nearest to ``resolution`` seconds.

        Raises:
            StoreError: rrdcached or the file cannot answer.
        """
        archive = _archive(ref)
        self.prepare([archive])
        given = [str(archive.path), cf, "-s", str(start), "-e", str(end), "-r", str(resolution)]
        try:
            with self._turn:
                (first, _, step), names, rows = rrdtool.fetch(given)
        except (rrdtool.OperationalError, rrdtool.ProgrammingError, OSError) as error:
            if cf != "AVERAGE" and "does not contain" in str(error):
                return self.fetch(archive, "AVERAGE", start, end, resolution)
            raise StoreError(f"{archive.path.name}: {error}") from error
        if len(names) == 1:
            # Four times faster than a comprehension over the rows of one.
            return Series(int(first), int(step), list(chain.from_iterable(rows)))
        column = _column(names, archive)
        return Series(int(first), int(step), [row[column] for row in rows])

    def newest(self, ref: Ref) -> tuple[int, float] | None:
        """Return when a file was last updated, and with what; None when with nothing known.

        Raises:
            StoreError: rrdcached or the file cannot answer.
        """
        archive = _archive(ref)
        self.prepare([archive])
        try:
            with self._turn:
                answer = rrdtool.lastupdate(str(archive.path))
            found = answer["ds"]
            value = float(found[list(found)[_column(list(found), archive)]])
        except (rrdtool.OperationalError, rrdtool.ProgrammingError, OSError) as error:
            raise StoreError(f"{archive.path.name}: {error}") from error
        except (TypeError, ValueError):
            return None
        return int(answer["date"].timestamp()), value

    def graph(self, arguments: list[str], refs: Iterable[Ref]) -> bytes:
        """Return the PNG of an ``rrdtool graph`` command, without its file name, of these files.

        Raises:
            StoreError: rrdtool refused it.
        """
        self.prepare(refs)
        try:
            with self._turn:
                answer = rrdtool.graphv(["-", *arguments])
        except (rrdtool.OperationalError, rrdtool.ProgrammingError, OSError) as error:
            raise StoreError(f"graph: {error}") from error
        return bytes(answer["image"])

    def path(self, ref: Ref) -> Path:
        """Return the file of a series."""
        return _archive(ref).path

    def other(self, identity: str) -> Ref | None:
        """Return the file of a collectd identity from the configuration, when it is there."""
        name, _, source = identity.partition("#")
        path = (self._root / f"{name}{_SUFFIX}").resolve()
        inside = path.is_relative_to(self._root) and path.is_file()
        return Archive(path, source) if inside else None

    def _list(self) -> dict[str, Daemon]:
        found: dict[str, Daemon] = {}
        try:
            hosts = sorted(_folders(self._root))
        except OSError as error:
            raise StoreError(f"{self._root}: {error.strerror}") from error
        for host in hosts:
            for plugin in sorted(_folders(self._root / host)):
                if plugin.startswith(f"{PLUGIN}-"):
                    service = unescape(plugin[len(PLUGIN) + 1:])
                    found.update(_consumers(self._root / host / plugin, unescape(host), service))
        return found


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
        raise StoreError(f"{archive.path.name}: no data source {archive.source!r}") from None


def _folders(path: Path) -> list[str]:
    """Return the names of real folders; what is not UTF-8 cannot be shown and is left out."""
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries
                    if _readable(entry.name) and entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        if path.name and path.exists() and not os.access(path, os.R_OK | os.X_OK):
            raise
        return []


def _readable(name: str) -> bool:
    """Tell whether a file name is UTF-8: collectd cuts names within characters."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _consumers(folder: Path, host: str, service: str) -> dict[str, Daemon]:
    """Return the daemons whose files are in one plugin folder."""
    found: dict[str, Daemon] = {}
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries
                       if entry.name.endswith(_SUFFIX) and _readable(entry.name))
    for name in names:
        kind, _, instance = name[: -len(_SUFFIX)].partition("-")
        identity = parse_instance(kind, instance)
        if identity is None:
            continue
        daemon = Daemon(host, service, identity.consumer)
        if daemon.id not in found and len(found) >= MAX_CONSUMERS:
            continue
        daemon = found.setdefault(daemon.id, daemon)
        daemon.put(identity, folder / name)
    return found
