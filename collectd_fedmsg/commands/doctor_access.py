"""Check whether the running collectd can reach the daemons' sockets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .doctor_finding import DoctorFinding

#: Bits of CapEff in /proc/PID/status: capabilities(7).
DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2


@dataclass(frozen=True)
class Rights:
    """User, groups and capabilities of a process."""

    user: int
    groups: frozenset[int]
    capabilities: int = 0

    def may(self, status: os.stat_result, wanted: int) -> bool:
        """Return whether it has these bits (4 read, 2 write, 1 enter) on a file."""
        if self.capabilities & DAC_OVERRIDE or (
            wanted in (1, 4, 5) and self.capabilities & DAC_READ_SEARCH
        ):
            return True
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid == self.user:
            return (mode >> 6) & wanted == wanted
        if status.st_gid in self.groups:
            return (mode >> 3) & wanted == wanted
        return mode & wanted == wanted


def rights_in(status: str) -> Rights:
    """Return the rights in the text of a /proc/PID/status.

    Raises:
        KeyError, ValueError, IndexError: it is none.
    """
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    groups = {int(fields["Gid"].split()[3]), *map(int, fields["Groups"].split())}
    return Rights(int(fields["Uid"].split()[3]), frozenset(groups), int(fields["CapEff"], 16))


def collectd_process(folder: Path) -> Iterator[DoctorFinding]:
    """Look for a running collectd, and whether it may use the sockets in ``folder``."""
    processes: dict[str, Rights] = {}
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == "collectd":
                processes[path.parent.name] = rights_in((path.parent / "status").read_text())
        except (OSError, KeyError, ValueError, IndexError):
            continue  # it ended meanwhile
    yield DoctorFinding(
        bool(processes),
        f"collectd runs: {', '.join(processes) or 'no'}",
        "" if processes else "start it, here or where the sockets are read",
    )
    for pid, rights in processes.items():
        for path, wanted in (
            (folder, 5),
            *((path, 2) for path in sorted(folder.glob("*.sock"))[:1]),
        ):
            try:
                status = path.stat()
            except OSError:
                continue
            if not rights.may(status, wanted):
                yield _denied(pid, rights, path, status)
                break


def _denied(pid: str, rights: Rights, path: Path, status: os.stat_result) -> DoctorFinding:
    who = "root without CAP_DAC_OVERRIDE" if rights.user == 0 else f"uid {rights.user}"
    return DoctorFinding(
        False,
        f"collectd (pid {pid}, {who}) may not use {path}: permission denied for all but"
        f" uid {status.st_uid} and gid {status.st_gid} ({stat.S_IMODE(status.st_mode):o})",
        f"add SupplementaryGroups={status.st_gid} to collectd's unit"
        f"{', or CAP_DAC_OVERRIDE to its CapabilityBoundingSet' if rights.user == 0 else ''},"
        " and restart it",
    )
