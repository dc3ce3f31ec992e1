"""The daemons of one collectd data folder, found by listing it.

Refuses to follow links and names of requests, and to take a folder that is gone, or was emptied,
for one without daemons.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.metrics import PLUGIN, parse_instance
from collectd_fedmsg.names import printable, unescape

from .base import Daemon

#: Seconds that a listing of the folder is believed.
MAX_AGE = 5.0
#: Consumers of one host and service that are shown: names may come from anyone.
MAX_CONSUMERS = 500
#: Problems that are named.
MAX_PROBLEMS = 20
SUFFIX = ".rrd"


class Listing:
    """What is in the folder, listed again when older than ``MAX_AGE`` seconds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed = -MAX_AGE
        #: By host's and plugin's folder, then by id: a folder that is closed keeps its daemons.
        self._folders: dict[tuple[str, str], dict[str, Daemon]] = {}
        self._daemons: dict[str, Daemon] = {}
        self._problems: list[str] = []

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted.

        Raises:
            StoreError: the folder cannot be listed, or has lost all daemons that it had.
        """
        now = time.monotonic()
        # An empty folder is listed each time: that is fast, and the first daemon is expected.
        if not self._daemons or now - self._listed >= MAX_AGE:
            self._list()
            self._listed = now
        return self._daemons

    def problems(self) -> list[str]:
        """Return what could not be listed, a sentence each."""
        more = len(self._problems) - MAX_PROBLEMS
        return self._problems[:MAX_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])

    def _list(self) -> None:
        self._problems = []
        folders: dict[tuple[str, str], dict[str, Daemon]] = {}
        try:
            hosts = sorted(self._subfolders(self._root))
        except OSError as error:
            raise StoreError(f"{self._lost()}{self._root}: {error.strerror}") from error
        for host in hosts:
            known = {key: value for key, value in self._folders.items() if key[0] == host}
            with self._closed(folders, known, host):
                for plugin in sorted(self._subfolders(self._root / host)):
                    if plugin.startswith(f"{PLUGIN}-"):
                        key = (host, plugin)
                        with self._closed(folders, {key: known.get(key, {})}, f"{host}/{plugin}"):
                            folders[key] = self._consumers(host, plugin)
        daemons = {name: daemon for each in folders.values() for name, daemon in each.items()}
        if self._daemons and not daemons:
            raise StoreError(f"{self._lost()}{self._root} is empty")
        self._folders, self._daemons = folders, daemons

    def _lost(self) -> str:
        count = len(self._daemons)
        return f"the store lost all {count} daemons: " if count else ""

    @contextmanager
    def _closed(
        self,
        folders: dict[tuple[str, str], dict[str, Daemon]],
        known: Mapping[tuple[str, str], dict[str, Daemon]],
        name: str,
    ) -> Iterator[None]:
        """Keep the daemons of a folder that cannot be listed now; a deleted one has none."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            folders.update({key: value for key, value in known.items() if value})
            self._problems.append(f"{printable(name)}: {error.strerror}")

    def _subfolders(self, path: Path) -> list[str]:
        """Return the names of real folders: a link may lead anywhere."""
        names = []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if self._shown(entry.name):
                        names.append(entry.name)
                elif path == self._root and entry.is_symlink():
                    self._problems.append(f"{printable(entry.name)}: a link, not followed")
        return names

    def _shown(self, name: str) -> bool:
        """Return whether a name is UTF-8; collectd cuts names within characters."""
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            self._problems.append(f"{printable(name)}: the name is not UTF-8")
            return False
        return True

    def _consumers(self, host: str, plugin: str) -> dict[str, Daemon]:
        """Return the daemons whose files are in one plugin folder."""
        folder = self._root / host / plugin
        service = unescape(plugin[len(PLUGIN) + 1 :])
        consumers: dict[str, Daemon] = {}
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(SUFFIX) and self._shown(entry.name)
            )
        crowded = False
        for name in names:
            kind, _, instance = name[: -len(SUFFIX)].partition("-")
            identity = parse_instance(kind, instance)
            if identity is None:
                continue
            daemon = Daemon(unescape(host), service, identity.consumer)
            if daemon.id not in consumers and len(consumers) >= MAX_CONSUMERS:
                crowded = True
                continue
            consumers.setdefault(daemon.id, daemon).put(identity, folder / name)
        if crowded:
            self._problems.append(f"{host}/{plugin}: more than {MAX_CONSUMERS} consumers")
        return consumers
