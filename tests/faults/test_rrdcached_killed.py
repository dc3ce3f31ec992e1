"""rrdcached killed, and away for a while, with updates in its journal: none is missing."""

from __future__ import annotations

import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from examples.processes import wait_for
from tests.conftest import Figure
from tests.integration.bus import Bus
from tests.integration.test_back_fill import fetch, fetched, stored_until, whole_ring


def test_no_update_is_lost(short_folder: Path, figure: Figure) -> None:
    """Every sample of the daemon is in the file, those of the outage and before it too."""
    with Bus(short_folder) as bus:
        bus.start("daemon")
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        wait_for("the first sample is stored", lambda: bool(stored_until(bus)), 60)
        with bus.traffic(0.02):
            first = stored_until(bus)
            wait_for("the journal fills", lambda: stored_until(bus) >= first + 4, 60)
            bus.chain.processes.stop("rrdcached", signal.SIGKILL)
            killed = bus.sample("daemon").time
            wait_for("it is away", lambda: bus.sample("daemon").time >= killed + 3, 60)
            assert stored_until(bus) <= killed + 1, "samples are held back meanwhile"
            bus.chain.start_rrdcached()
            wait_for("it has caught up", lambda: stored_until(bus) >= killed + 5, 60)
        end = int(stored_until(bus))
        ring = whole_ring(bus)
        rates = dict(fetch(short_folder, "received", int(first), end))
        # A lost update would be a mean over two steps: the count right, each step wrong. On a
        # busy machine the daemon may have left out a second: its next sample is of two then.
        known = {
            at: (later.received - earlier.received) / (later.time - earlier.time)
            for earlier, later in pairwise(ring)
            for at in range(int(earlier.time) + 1, int(later.time) + 1)
        }
        wrong = [at for at, rate in rates.items() if rate is None or abs(rate - known[at]) > 1e-6]
        assert len(rates) == end - int(first)
        assert wrong == []
        log = (short_folder / "logs/collectd.log").read_text()
        assert "rrdcached does not answer: samples wait in the daemons" in log
        restored = log.partition("rrdcached is back: ")[2].split(" ", 1)[0]
    figure(
        "rrdcached killed with a full journal, away for 3 s",
        f"{len(rates)} updates, {len(wrong)} lost; {restored} were restored from the daemon's ring",
    )


#: More than moksha's polls are apart, less than rrdcached is away.
BRIDGED = 12


@pytest.mark.soak
def test_nor_one_of_an_unmodified_hub(short_folder: Path, figure: Figure) -> None:
    """What moksha's monitor reported meanwhile is held and stored: no step unknown, every message.

    A gap is bridged for 12 s only, so what was lost would be unknown.
    """
    series = "fedmsg-old/derive-Obedient_received"
    with Bus(short_folder) as bus:
        bus.chain.heartbeat = BRIDGED
        bus.chain.sources = [f'    MokshaSocket "ipc://{short_folder}/monitor-daemon.sock" "old"']
        bus.start("daemon")
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        file = short_folder / "rrd/localhost" / f"{series}.rrd"

        def newest() -> int:
            try:
                now = int(time.time())
                points = fetched(short_folder, "", now - 200, now, series)
            except Exception:  # not created yet, or away
                return 0
            return max((at for at, rate in points if rate is not None), default=0)

        wait_for("it is stored", lambda: file.exists() and newest() > 0, 60)
        with bus.traffic(0.02):
            first = newest()
            wait_for("it goes on", lambda: newest() >= first + BRIDGED, 90)
            bus.chain.processes.stop("rrdcached", signal.SIGKILL)
            killed = time.time()
            wait_for("it is away", lambda: time.time() > killed + 2 * BRIDGED, 90)
            bus.chain.start_rrdcached()
            wait_for("it has caught up", lambda: newest() > time.time() - 8, 90)
        bus.settle("daemon")
        wait_for("the end is stored", lambda: newest() > killed + 3 * BRIDGED + 12, 90)
        rates = fetch(short_folder, "", first, newest(), series)
    unknown = [at for at, rate in rates if rate is None]
    total = sum(rate or 0 for _, rate in rates)
    figure(
        "rrdcached killed and away for 24 s, an unmodified hub",
        f"{len(rates)} steps, {len(unknown)} unknown; {total:.0f} messages",
    )
    assert unknown == []
    assert total > 0
