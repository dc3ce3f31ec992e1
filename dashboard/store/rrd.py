"""The files that collectd's rrdtool and rrdcached plugins write; the only importer of rrdtool.

Never writes, never follows a name from a request: files are found by listing the folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import rrdtool

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.metrics import PLUGIN, parse_instance
from collectd_fedmsg.names import escape, unescape

from ..series import Series

#: Seconds that a listing of the folder is believed.
LISTING_AGE = 5.0
#: Consumers of one host and service beyond these are not shown: names may come from anyone.
MOST_CONSUMERS = 500
_SUFFIX = ".rrd"


@dataclass(frozen=True)
class Daemon:
    """One consumer of one service of one host, and its files by metric and by topic."""

    host: str
    service: str
    consumer: str
    files: dict[str, Path] = field(default_factory=dict)
    topics: dict[str, Path] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return ``host/service/consumer``, each part escaped, so that ids never collide."""
        return "/".join(escape(part) for part in (self.host, self.service, self.consumer))


class RRDStore:
    """Read-only view of one collectd data folder."""

    def __init__(self, data_dir: Path, rrdcached: str = "") -> None:
        self._root = data_dir
        self._via = ["--daemon", rrdcached] if rrdcached else []
        self._lock = threading.Lock()
        self._listed = -LISTING_AGE
        self._daemons: dict[str, Daemon] = {}

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted.

        Raises:
            StoreError: the folder cannot be read.
        """
        now = time.monotonic()
        if now - self._listed >= LISTING_AGE:
            self._daemons, self._listed = self._list(), now
        return self._daemons

    def fetch(self, path: Path, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one file's values of [start, end) at its step nearest to ``resolution`` seconds.

        Raises:
            StoreError: rrdcached or the file cannot answer.
        """
        given = [str(path), cf, "-s", str(start), "-e", str(end), "-r", str(resolution)]
        try:
            with self._lock:  # librrd keeps one connection to rrdcached and its error text
                (first, _, step), _, rows = rrdtool.fetch(given + self._via)
        except (rrdtool.OperationalError, rrdtool.ProgrammingError, OSError) as error:
            if cf != "AVERAGE" and "does not contain" in str(error):
                return self.fetch(path, "AVERAGE", start, end, resolution)
            raise StoreError(f"{path.name}: {error}") from error
        return Series(int(first), int(step), [row[0] for row in rows])

    def graph(self, arguments: list[str]) -> bytes:
        """Return the PNG of an ``rrdtool graph`` command without its file name.

        Raises:
            StoreError: rrdtool refused it.
        """
        try:
            with self._lock:
                answer = rrdtool.graphv(["-", *self._via, *arguments])
        except (rrdtool.OperationalError, rrdtool.ProgrammingError, OSError) as error:
            raise StoreError(f"graph: {error}") from error
        return bytes(answer["image"])

    def other(self, identity: str) -> Path | None:
        """Return the file of a collectd identity from the configuration, when it is there."""
        path = (self._root / f"{identity}{_SUFFIX}").resolve()
        return path if path.is_relative_to(self._root) and path.is_file() else None

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
        if daemon.id not in found and len(found) >= MOST_CONSUMERS:
            continue
        daemon = found.setdefault(daemon.id, daemon)
        if identity.topic is not None:
            daemon.topics[identity.topic] = folder / name
        else:
            daemon.files[identity.metric] = folder / name
    return found
