"""A collectd that is away for longer than the daemons remember."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from examples.processes import wait_for
from tests.integration.bus import Bus
from tests.integration.test_back_fill import fetch, grown, stored_until, whole_ring

RING, AWAY = 60, 80


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_gap_is_a_gap(short_folder: Path) -> None:
    """What the ring has forgotten is unknown, never 0; the rest is there, and exact."""
    with Bus(short_folder) as bus:
        bus.chain.heartbeat = RING // 6
        bus.start("daemon", **{"collectd_fedmsg.history": RING})
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        wait_for("the first sample is stored", lambda: bool(stored_until(bus)))
        with bus.traffic(0.02):
            wait_for("messages are stored", lambda: grown(bus, 3))
            bus.chain.processes.stop("collectd", signal.SIGKILL)
            began = int(stored_until(bus))
            wait_for("the outage lasts", lambda: bus.sample("daemon").time >= began + AWAY, 120)
            bus.chain.start_collectd()
            wait_for("it has caught up", lambda: stored_until(bus) >= began + AWAY + 5)
        end = int(bus.settle("daemon").time)
        wait_for("the end is stored", lambda: stored_until(bus) >= end)
        rates = fetch(short_folder, "received", began, end)
        unknown = [at for at, rate in rates if rate is None]
        print(f"away {AWAY} s, ring {RING} s: {len(unknown)} s unknown of {len(rates)}")
        assert AWAY - RING - 3 <= len(unknown) <= AWAY - RING + 10
        assert all(rate is None or 0 <= rate < 200 for _, rate in rates)
        after = max(unknown)
        known = {sample.time: sample.received for sample in whole_ring(bus)}
        # The first of the ring may be gone by now; from the first both have, it is exact.
        first = min(at for at in known if at >= after)
        stored = sum(rate or 0 for at, rate in rates if at > first)
        assert stored == pytest.approx(known[end] - known[first], abs=1e-3)


@pytest.mark.soak
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(60, id="minute", marks=pytest.mark.timeout(300)),
        pytest.param(1200, id="20-minutes", marks=pytest.mark.timeout(1800)),
    ],
)
def test_no_sample_is_lost(short_folder: Path, seconds: int) -> None:
    """An outage shorter than the ring leaves no trace: each second's rate is the daemon's own."""
    with Bus(short_folder) as bus:
        bus.start("daemon")
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        wait_for("the first sample is stored", lambda: bool(stored_until(bus)), 60)
        with bus.traffic(0.02):
            wait_for("messages are stored", lambda: grown(bus, 3), 60)
            bus.chain.processes.stop("collectd", signal.SIGKILL)
            began = int(stored_until(bus))
            wait_for("it lasts", lambda: bus.sample("daemon").time >= began + seconds, seconds + 60)
            bus.chain.start_collectd()
            wait_for("it has caught up", lambda: stored_until(bus) >= began + seconds + 5, 120)
        end = int(bus.settle("daemon").time)
        wait_for("the end is stored", lambda: stored_until(bus) >= end, 60)
        known = {int(sample.time): sample.received for sample in whole_ring(bus)}
        rates = fetch(short_folder, "received", began, end)
        wrong = [at for at, rate in rates if at - 1 in known and (
            rate is None or abs(rate - known[at] + known[at - 1]) > 1e-6)]  # fmt: skip
        print(f"away {seconds} s: {len(rates)} samples, {len(wrong)} lost")
        assert len(rates) > seconds
        assert wrong == []
