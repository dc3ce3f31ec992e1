"""A thousand daemons of ten consumers each, every ten seconds, for an hour: time, CPU, memory."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from collectd_fedmsg import snippets
from examples.chain import ROOT
from examples.processes import Processes, wait_for
from tests.integration.test_thousand_in_collectd import CONF, value

DAEMONS, CONSUMERS = 1000, 10
#: Shorter to try it: seconds.
LASTS = int(os.environ.get("LOAD_SECONDS", "3600"))
TICKS = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> tuple[float, float]:
    """Return a process's CPU seconds and resident MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICKS, pages * 4096 / 1e6


@pytest.mark.soak
@pytest.mark.timeout(LASTS + 600)
def test_flat(short_folder: Path) -> None:
    """A read ends within the interval, and memory in the second half is that of the first."""
    peers = short_folder / "peers"
    peers.mkdir()
    block = snippets.collectd_block(
        str(peers), str(short_folder / "state.json"), 10,
        [str(ROOT), sysconfig.get_path("platlib")],
    )  # fmt: skip
    more = f"    Interval 10\n    MaxConsumers {DAEMONS * CONSUMERS}\n"
    block = block.replace("    Interval 10\n", more)
    (short_folder / "collectd.conf").write_text(CONF.format(folder=short_folder, python=block))
    processes = Processes(short_folder)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.soak.many_peers", str(peers)]
    processes.start("peers", [*command, str(DAEMONS), str(CONSUMERS)], env, ROOT)
    reads, memory = [], []
    try:
        wait_for("all listen", (peers / "ready").exists, 120)
        pid = processes.start("collectd", ["/usr/sbin/collectd", "-f", "-C",
                              str(short_folder / "collectd.conf")], env, short_folder)  # fmt: skip
        address = short_folder / "unixsock"
        wait_for("collectd listens", address.exists, 60)
        wait_for("all are seen", lambda: seen(address) == DAEMONS, 180)
        began, first = time.monotonic(), spent(pid)[0]
        while time.monotonic() - began < LASTS:
            time.sleep(10)  # a reading each round; nothing waits for it
            processes.check()
            reads.append(value(address, "duration-read"))
            memory.append(spent(pid)[1])
        cpu = (spent(pid)[0] - first) / (time.monotonic() - began)
        assert seen(address) == DAEMONS
    finally:
        processes.stop_all()
    half = len(memory) // 2
    early, late = max(memory[half // 2 : half]), max(memory[half:])
    reads.sort()
    print(json.dumps({"reads": len(reads), "median_s": reads[len(reads) // 2], "longest_s":
                      reads[-1], "cpu": round(cpu, 3), "MB": round(late, 1),
                      "grown_MB": round(late - early, 1)}))  # fmt: skip
    assert reads[len(reads) // 2] < 10
    assert late - early < 20


def seen(address: Path) -> float:
    try:
        return value(address, "count-daemons_seen")
    except (OSError, AssertionError, ValueError):
        return 0.0


