"""A real hub says at what it is slow and what fails, by itself."""

from __future__ import annotations

import platform
import time
from pathlib import Path

from collectd_fedmsg.diagnosis.verdict import Verdict
from collectd_fedmsg.diagnosis.where import explained
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples.processes import wait_for

from .bus import Bus


def ring(bus: Bus, service: str) -> list[Sample]:
    harvest = latest([f"{bus.chain.run_folder}/{service}.*.sock"], 30.0, time.time())
    [(_, _, samples)] = harvest.fresh
    return [sample for sample in samples if sample.consumer == "Obedient"]


def test_slow_stuck_and_failing(short_folder: Path) -> None:
    """Sleeping is named with the function that sleeps; a failure with its class and place."""
    with Bus(short_folder) as bus:
        bus.start("hub", workers=2)
        change = ring(bus, "hub")[-1].time
        bus.publish(12, seconds=0.5)
        bus.publish(5, fail=True)
        # The last failure may come while the other worker still has a slow one.
        wait_for(
            "all have ended",
            lambda: (bus.sample("hub").failed, bus.sample("hub").backlog) == (5, 0),
        )
        bus.publish(seconds=60)
        wait_for("one hangs", lambda: bool(bus.sample("hub").in_hand))
        samples = ring(bus, "hub")
        slow = explained(samples, Verdict.SLOW, change)
        assert "waiting in sleep, called from Obedient.consume" in slow[0], slow
        [stuck] = explained(samples, Verdict.STALLED, change)
        assert "a message of dev.order has been in hand for" in stuck or "order" in stuck
        assert "waiting in sleep, called from Obedient.consume:" in stuck
        [failing] = explained(samples, Verdict.ERRORS, change)
        assert "5 × ValueError in Obedient.consume:" in failing
        assert "as ordered" not in str(samples)

        [reply] = latest([f"{bus.chain.run_folder}/hub.*.sock"], 30.0, time.time()).heads.values()
        assert reply.about.python == platform.python_version()
        slow_ones = [row for row in reply.about.slowest or () if row.seconds >= 0.5]
        # On a machine that stands still an empty message is slow, too.
        assert len(slow_ones) >= 12
        assert {row.consumer for row in slow_ones} == {"Obedient"}

        bus.chain.processes.stop("hub")
        bus.start("off", **{"collectd_fedmsg.stacks": False})
        bus.publish(4, seconds=0.5)
        bus.settle("off")
        assert not any(sample.stacks or sample.in_hand for sample in ring(bus, "off"))
