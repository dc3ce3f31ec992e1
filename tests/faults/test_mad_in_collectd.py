"""Peers gone mad and an honest daemon, in a real collectd: its log, its memory, its series."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from pathlib import Path

import pytest

from collectd_fedmsg.bounded_log import MAX_LINES
from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes, wait_for
from tests.conftest import Figure
from tests.integration.test_thousand_in_collectd import CONF, ask, value
from tests.listening import is_admitting

GROWTH = 5_000_000
#: Samples of the honest daemon, one a second: until memory is measured, and then.
WARM, ROUNDS = 60, 180
BACKLOG = "localhost/fedmsg-honest/queue_length-C_backlog"


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_the_honest_one_is_stored(short_folder: Path, figure: Figure) -> None:
    """Its newest sample is always a fresh one; errors are counted, few lines written of them, and
    memory stays.
    """
    peers, log = short_folder / "peers", short_folder / "collectd.log"
    peers.mkdir()
    block = snippets.collectd_block(
        str(peers), str(short_folder / "state.json"), 1, [str(ROOT), sysconfig.get_path("platlib")]
    )
    conf = short_folder / "collectd.conf"
    conf.write_text(
        collectd_conf.head("localhost", short_folder, short_folder / "collectd.pid", log, 1)
        + CONF.format(folder=short_folder, python=block))  # fmt: skip
    processes, rounds = Processes(short_folder), [0]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def take(at: float) -> list[Sample]:
        rounds[0] += 1
        return [Sample("C", at, 2 * rounds[0], rounds[0], rounds[0], 0)]

    honest = Responder(Settings("honest", peers, interval=1), take)
    try:
        processes.start("mad", [sys.executable, "-m", "tests.faults.mad", str(peers)], env, ROOT)
        wait_for("all peers listen", (peers / "ready").exists, 60)
        honest.start()
        path = socket_path(peers, "honest", os.getpid())
        wait_for("the honest one listens", lambda: is_admitting(path))
        pid = processes.start(
            "collectd", ["/usr/sbin/collectd", "-f", "-C", str(conf)], env, short_folder
        )
        address = short_folder / "unixsock"
        wait_for("collectd listens", address.exists)

        def dispatched() -> float:
            processes.check()
            if not any(line.endswith(BACKLOG) for line in ask(address, "LISTVAL")):
                return 0.0
            [line] = ask(address, f'GETVAL "{BACKLOG}"')
            return float(line.partition("=")[2])

        behind, errors, sizes = 0.0, 0.0, []
        for count in (WARM, WARM + ROUNDS // 2, WARM + ROUNDS):
            while rounds[0] < count:
                # The backlog is the number of the sample: how many behind is what was dispatched?
                before = rounds[0]
                wait_for("one more is dispatched", lambda before=before: dispatched() > before, 60)
                behind = max(behind, rounds[0] - dispatched())
            errors = max(errors, value(address, "derive-errors"))
            sizes.append(resident(pid))
        lines = [line for line in log.read_text().splitlines() if "fedmsg" in line]
    finally:
        processes.stop_all()
        honest.stop()
    assert errors > 0, "they are counted"
    assert 4 <= len(lines) <= MAX_LINES + 10, "a line for each kind, not for each frame"
    assert all(re.fullmatch(r"[ -~]*", line) for line in lines)
    grown = min(sizes[1:]) - sizes[0]
    assert grown < GROWTH, sizes
    megabytes = ", ".join(f"{size / 1e6:.1f}" for size in sizes)
    figure(
        f"8 peers gone mad and an honest daemon in a real collectd, {ROUNDS} samples of it",
        f"what was dispatched of it is never more than {behind:.0f} samples old;"
        f" {errors:.1f} errors/s counted, {len(lines)} lines logged; memory {megabytes} MB",
    )
