"""A thousand daemons of ten consumers each, every ten seconds, for an hour: time, CPU, memory.

The hour begins once libzmq's queues are full grown. Each connection has two, of chunks of 256
messages, 64 bytes each; a queue takes a second chunk when the first is used up, and from then on
uses the two in turn. So a connection's pages go on being touched for the first two chunks of
exchanges: some 57 kB each, which is all that a long run adds (source: libzmq's yqueue.hpp and
config.hpp; seen with bare sockets, 400 of them and 1,100 exchanges: flat from the 512th on).
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

import pytest

from collectd_fedmsg.commands import config as snippets
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes, wait_for
from tests.conftest import Figure
from tests.integration.test_thousand_in_collectd import CONF, value

DAEMONS, CONSUMERS, INTERVAL = 1000, 10, 10
#: Shorter to try it: seconds.
LASTS = int(os.environ.get("LOAD_SECONDS", "3600"))
#: Rounds in which libzmq's queues take all the memory they ever will: two chunks of 256 messages.
GROWING = int(os.environ.get("LOAD_GROWING", "512"))
#: Minutes at which memory is reported.
MARKS = (10, 30, 60)
TICKS = os.sysconf("SC_CLK_TCK")


def usage(pid: int) -> tuple[float, float]:
    """Return a process's CPU seconds and resident MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICKS, pages * 4096 / 1e6


@pytest.mark.soak
@pytest.mark.timeout(LASTS + GROWING * INTERVAL + 600)
def test_flat(short_folder: Path, figure: Figure) -> None:
    """Each read ends within the interval, and memory in the second half is that of the first."""
    peers = short_folder / "peers"
    peers.mkdir()
    block = snippets.collectd_block(
        str(peers), str(short_folder / "state.json"), INTERVAL,
        [str(ROOT), sysconfig.get_path("platlib")],
    )  # fmt: skip
    more = f"    Interval {INTERVAL}\n    MaxConsumers {DAEMONS * CONSUMERS}\n"
    block = block.replace(f"    Interval {INTERVAL}\n", more)
    head = collectd_conf.head("localhost", short_folder, short_folder / "collectd.pid",
                              short_folder / "collectd.log", INTERVAL)  # fmt: skip
    (short_folder / "collectd.conf").write_text(
        head + CONF.format(folder=short_folder, python=block)
    )
    processes = Processes(short_folder)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.soak.many_peers", str(peers)]
    peers_pid = processes.start("peers", [*command, str(DAEMONS), str(CONSUMERS)], env, ROOT)
    reads: list[float] = []
    memory: list[float] = []
    try:
        wait_for("all listen", (peers / "ready").exists, 120)
        pid = processes.start("collectd", ["/usr/sbin/collectd", "-f", "-C",
                              str(short_folder / "collectd.conf")], env, short_folder)  # fmt: skip
        address = short_folder / "unixsock"
        wait_for("collectd listens", address.exists, 60)
        wait_for("all are seen", lambda: daemons_seen(address) == DAEMONS, 180)
        grown(processes, pid)
        began, first = time.monotonic(), [usage(process)[0] for process in (pid, peers_pid)]
        while time.monotonic() - began < LASTS:
            time.sleep(INTERVAL)  # a reading each round; nothing waits for it
            processes.check()
            reads.append(value(address, "duration-read"))
            memory.append(usage(pid)[1])
            minutes = (time.monotonic() - began) / 60
            print(f"{minutes:.1f} min: read {reads[-1]:.2f} s, {memory[-1]:.1f} MB", flush=True)
        rounds = (time.monotonic() - began) / INTERVAL
        cpu = [
            (usage(process)[0] - before) / rounds
            for process, before in zip((pid, peers_pid), first)
        ]
        assert daemons_seen(address) == DAEMONS
    finally:
        processes.stop_all()
    half = len(memory) // 2
    # Medians: a reading may fall into a read, which holds all answers for a moment.
    early, late = median(memory[half // 2 : half]), median(memory[half:])
    megabytes = [f"{memory[minute * 6 - 1]:.0f} MB after {minute} min" for minute in MARKS
                 if minute * 6 <= len(memory)]  # fmt: skip
    figure(
        f"{DAEMONS} daemons of {CONSUMERS} consumers, {LASTS} s",
        f"{len(reads)} reads: median {median(reads):.2f} s, longest {max(reads):.2f} s;"
        f" CPU a round: collectd {cpu[0]:.2f} s, the daemons {cpu[1]:.2f} s;"
        f" {', '.join([*megabytes, f'at most {max(memory):.0f} MB'])},"
        f" {late - early:+.1f} MB in the second half",
    )
    assert median(reads) < INTERVAL / 2
    assert max(reads) < INTERVAL
    assert late - early < 5


def grown(processes: Processes, pid: int) -> None:
    """Wait until libzmq's queues are full grown; tell the memory on the way."""
    end = time.monotonic() + GROWING * INTERVAL
    while time.monotonic() < end:
        time.sleep(min(60, GROWING * INTERVAL))
        processes.check()
        print(f"growing: {usage(pid)[1]:.1f} MB", flush=True)


def daemons_seen(address: Path) -> float:
    try:
        return value(address, "count-daemons_seen")
    except (OSError, AssertionError, ValueError):
        return 0.0
