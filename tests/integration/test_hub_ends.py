"""A real fedmsg-hub that gets a signal to end while it works."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from collectd_fedmsg.reader import collect as reader
from examples.chain import Daemon
from examples.processes import wait_for

from .bus import Bus

CONSUMER = "tests.faults.consumers:Counted"
WAITING = 4


def test_sighup_lets_it_finish(short_folder: Path) -> None:
    """What waits is handled, no sentinel is counted, and our socket goes, as moksha ends its parts.

    The process stays: with us as without us nothing wakes the reactor that is to stop.
    """
    path = short_folder / "handled"
    with Bus(short_folder) as bus:
        config = {"counted.enabled": True, "counted.file": str(path)}
        bus.chain.start_hub(Daemon("hub", CONSUMER, 1, config))

        def subscribed() -> bool:
            bus.publish()
            return path.stat().st_size > 0

        wait_for("it is subscribed", subscribed, 60)
        first = bus.settle("hub")
        assert first.received == first.processed == path.stat().st_size
        bus.publish(WAITING, seconds=0.5)
        wait_for("all wait", lambda: bus.sample("hub").received == first.received + WAITING)
        bus.chain.processes.running["hub"].send_signal(signal.SIGHUP)

        def is_gone() -> bool:
            harvest = reader.latest([f"{bus.chain.run_folder}/*.sock"], 0.3, time.time())
            for _, _, samples in harvest.fresh:
                now = samples[-1]
                # What moksha puts on the queue to end its workers is no message.
                assert now.received == now.processed + now.backlog == first.received + WAITING
            return not list(bus.chain.run_folder.iterdir())

        wait_for("the socket is gone", is_gone)
        handled = first.received + WAITING
        wait_for("all are handled", lambda: path.stat().st_size == handled)
