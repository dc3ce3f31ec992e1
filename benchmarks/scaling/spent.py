"""What a process has used, from proc(5)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Spent:
    """CPU seconds since the start, resident MB now."""

    cpu: float
    memory: float


def spent(pid: int) -> Spent:
    """Return what the process has used; raises FileNotFoundError when it has ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Spent((int(fields[11]) + int(fields[12])) / TICKS, pages * PAGE / 1e6)
