"""Read the files in which collectd's plugin keeps what daemons said of themselves.

A file is read again when it has changed. One that cannot be read is logged once and gives nothing.
"""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ..errors import DecodeError
from ..protocol.changes import Change
from ..protocol.evidence_file import MAX_FILE, EvidenceFile, decode

#: Files that are read: one for each collectd.
MAX_FILES = 200
#: Where collectd's plugin keeps them by default: next to its StateFile.
EVIDENCE_FILES = "/var/lib/collectd/*.evidence"
_log = logging.getLogger(__name__)


class EvidenceFiles:
    """The files that a pattern names; used by one thread at a time.

    Args:
        pattern: a glob; empty: none.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._read: dict[str, tuple[tuple[int, int, int], EvidenceFile | None]] = {}

    def all(self) -> list[EvidenceFile]:
        """Return what the files say now, in the order of their names."""
        found = glob.iglob(self._pattern) if self._pattern else ()  # noqa: PTH207 - it is absolute
        names = sorted(islice(found, MAX_FILES))
        self._read = {name: self._look(name) for name in names}
        return [content for _, content in self._read.values() if content is not None]

    def _look(self, name: str) -> tuple[tuple[int, int, int], EvidenceFile | None]:
        known = self._read.get(name, ((0, 0, 0), None))
        try:
            with Path(name).open("rb") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if stamp == known[0]:
                    return known
                return stamp, decode(file.read(MAX_FILE + 1))
        except FileNotFoundError:
            return (0, 0, 0), None
        except (OSError, DecodeError) as error:
            if known[0] != (-1, 0, 0):
                _log.warning("%s: no evidence: %s", name, error)
            return (-1, 0, 0), None


def changes_of(hosts: Iterable[str], files: Iterable[EvidenceFile]) -> dict[str, list[Change]]:
    """Return what changed in the daemons of a host, by service.

    ``hosts``: the names that it may have; up to the first dot they are compared.
    """
    names = {host.partition(".")[0] for host in hosts}
    changes: dict[str, list[Change]] = {}
    for file in files:
        for (host, service), of_daemon in file.changes.items():
            if host.partition(".")[0] in names:
                changes.setdefault(service, []).extend(of_daemon)
    return changes
