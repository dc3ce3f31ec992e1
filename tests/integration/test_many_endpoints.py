"""One read asks a thousand daemons; a hundred that hang cost the time budget and no more."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import Processes, wait_for

COUNT, MUTE, BUDGET, ROUNDS = 1000, 10, 5.0, 12


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
        complete_rounds = 0
        for _ in range(ROUNDS):
            began = time.monotonic()
            harvest = reader.collect(BUDGET, time.time())
            seconds = time.monotonic() - began
            assert len(harvest.silent) >= COUNT // MUTE
            print(f"{harvest.daemons} answered, {len(harvest.silent)} hung: {seconds:.2f} s")
            # The budget is for the answers; the rest is for a loaded machine.
            complete_rounds += harvest.daemons == COUNT - COUNT // MUTE and seconds < BUDGET + 5.0
            if complete_rounds == 2:
                break
        assert complete_rounds == 2, "two rounds in time in which everyone who can has answered"
    finally:
        requester.close()
        processes.stop_all()
