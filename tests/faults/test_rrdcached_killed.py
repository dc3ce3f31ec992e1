"""rrdcached killed, and away for a while, with updates in its journal: none is missing."""

from __future__ import annotations

import signal
from pathlib import Path

from examples.processes import wait_for
from tests.conftest import Figure
from tests.integration.bus import Bus
from tests.integration.test_back_fill import fetch, stored_until, traffic, whole_ring


def test_no_update_is_lost(short_folder: Path, figure: Figure) -> None:
    """Every sample of the daemon is in the file, those of the outage and before it too."""
    with Bus(short_folder) as bus:
        bus.start("daemon")
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        wait_for("the first sample is stored", lambda: bool(stored_until(bus)), 60)
        with traffic(bus):
            first = stored_until(bus)
            wait_for("the journal fills", lambda: stored_until(bus) >= first + 4, 60)
            bus.chain.processes.stop("rrdcached", signal.SIGKILL)
            killed = bus.sample("daemon").time
            wait_for("it is away", lambda: bus.sample("daemon").time >= killed + 3, 60)
            assert stored_until(bus) <= killed + 1, "samples are held back meanwhile"
            bus.chain.start_rrdcached()
            wait_for("it has caught up", lambda: stored_until(bus) >= killed + 5, 60)
        end = int(stored_until(bus))
        known = {int(one.time): one.received for one in whole_ring(bus)}
        rates = dict(fetch(short_folder, "received", int(first), end))
        # A lost update would be a mean over two steps: the count right, each step wrong.
        wrong = [at for at, rate in rates.items() if rate is None
                 or abs(rate - known[at] + known[at - 1]) > 1e-6]  # fmt: skip
        assert len(rates) == end - int(first)
        assert wrong == []
        log = (short_folder / "logs/collectd.log").read_text()
        assert "rrdcached does not answer: samples wait in the daemons" in log
        restored = log.partition("rrdcached is back: ")[2].split(" ", 1)[0]
    figure(
        "rrdcached killed with a full journal, away for 3 s",
        f"{len(rates)} updates, {len(wrong)} lost; {restored} were restored from the daemon's ring",
    )
