"""Read the files in which collectd's plugin keeps what daemons said of themselves.

A file is read again when it has changed. One that cannot be read is logged once and gives nothing.
"""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ..errors import DecodeError
from ..files import regular_file
from ..protocol.about import About
from ..protocol.changes import Change
from ..protocol.evidence_file import MAX_FILE, EvidenceFile, decode
from ..protocol.sample import Sample

#: Files that are read: one for each collectd.
MAX_FILES = 200
#: Where collectd's plugin keeps them by default: next to its StateFile.
EVIDENCE_FILES = "/var/lib/collectd/*.evidence"
#: Seconds that a daemon's newest evidence may be old to say something of the present.
MAX_AGE = 180.0
_log = logging.getLogger(__name__)


@dataclass
class DaemonEvidence:
    """What one daemon says: of its code, what changed in it, and samples by consumer."""

    about: About = field(default_factory=About)
    changes: tuple[Change, ...] = ()
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def add(self, samples: Iterable[Sample]) -> None:
        """Take in later samples."""
        for sample in samples:
            self.samples.setdefault(sample.consumer, []).append(sample)

    def recent(self, consumer: str, now: float) -> list[Sample]:
        """Return a consumer's samples, none when the newest says nothing of ``now`` any more."""
        samples = self.samples.get(consumer, [])
        return samples if samples and now - samples[-1].time <= MAX_AGE else []


#: By host and service.
Daemons = dict[tuple[str, str], DaemonEvidence]


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
        paths = glob.iglob(self._pattern) if self._pattern else ()  # noqa: PTH207 - it is absolute
        names = sorted(islice(paths, MAX_FILES))
        self._read = {name: self._look(name) for name in names}
        return [content for _, content in self._read.values() if content is not None]

    def by_daemon(self) -> Daemons:
        """Return what the files say now, by host and service."""
        daemons: Daemons = {}
        for file in self.all():
            for key, changes in file.changes.items():
                daemons.setdefault(key, DaemonEvidence()).changes = tuple(changes)
            for reply in file.replies:
                key = (reply.origin.host, reply.origin.service)
                daemon = daemons.setdefault(key, DaemonEvidence())
                # Later replies of a daemon have its further samples only.
                if daemon.about.slowest is None:
                    daemon.about = reply.about
                daemon.add(sample for _, sample in reply.samples)
        return daemons

    def _look(self, name: str) -> tuple[tuple[int, int, int], EvidenceFile | None]:
        known = self._read.get(name, ((0, 0, 0), None))
        try:
            with regular_file(name) as file:
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
