"""One read asks a thousand daemons; a hundred that hang cost the time budget and no more."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from collectd_fedmsg.reader import Reader
from collectd_fedmsg.requester import Requester
from examples.chain import ROOT
from examples.processes import Processes, wait_for

COUNT, MUTE, BUDGET = 1000, 10, 5.0


def test_a_hundred_of_a_thousand_hang(short_folder: Path) -> None:
    """The read returns in time and has what the other 900 said, round after round."""
    processes = Processes(short_folder)
    command = [sys.executable, "-m", "tests.integration.peers", str(short_folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes.start("peers", [*command, str(COUNT), str(MUTE)], env, ROOT)
    requester = Requester()
    try:
        wait_for("all listen", (short_folder / "ready").exists, 60)
        reader = Reader([f"{short_folder}/*.sock"], requester)
        for _ in range(3):
            began = time.monotonic()
            harvest = reader.collect(BUDGET, time.time())
            spent = time.monotonic() - began
            assert len(harvest.silent) == COUNT // MUTE
            assert harvest.daemons == COUNT - COUNT // MUTE
            # The budget is for the answers; a second more is for a loaded machine.
            assert spent < BUDGET + 1.0
            print(f"{harvest.daemons} answered, {len(harvest.silent)} hung: {spent:.2f} s")
    finally:
        requester.close()
        processes.stop_all()
