"""A hub at the highest rate that it can do, for ten minutes: every number exact, all the way."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from examples.chain import Daemon
from examples.processes import wait_for
from tests.conftest import Figure
from tests.integration.bus import Bus
from tests.integration.test_back_fill import fetch, stored_until

CONSUMER = "tests.faults.consumers:Tallied"
#: Shorter to try it: seconds.
LASTS = int(os.environ.get("FULL_RATE_SECONDS", "600"))
#: Messages on their way or waiting, so that the hub always has the next one.
AHEAD, AT_ONCE = 5000, 250


class Tally:
    """The consumer's own count, by its file; nothing of ours takes part in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> int:
        return int.from_bytes(self._path.read_bytes(), "little") if self._path.exists() else 0


class Flood(threading.Thread):
    """Publishes as fast as the hub handles."""

    def __init__(self, bus: Bus, tally: Tally) -> None:
        super().__init__()
        self._bus, self._tally = bus, tally
        self._before = bus.sent - tally.now()
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            if self._bus.sent - self._before - self._tally.now() < AHEAD:
                self._bus.publish(AT_ONCE)
            else:
                time.sleep(0.001)


@pytest.mark.soak
@pytest.mark.timeout(LASTS + 300)
def test_exact(short_folder: Path, figure: Figure) -> None:
    """Sent is received is processed, by the plugin, by the consumer's own count and in RRD."""
    tally = Tally(short_folder / "tally")
    config = {"tallied.enabled": True, "tallied.file": str(short_folder / "tally")}
    with Bus(short_folder) as bus:
        bus.chain.start_hub(Daemon("hub", CONSUMER, 1, config))

        def subscribed() -> bool:
            bus.publish()
            return tally.now() > 0

        wait_for("it is subscribed", subscribed, 60)
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        before = bus.settle("hub")
        assert before.processed == tally.now()
        wait_for("it is stored", lambda: stored_until(bus) >= before.time, 60)
        sent, handled = bus.sent, tally.now()
        samples = watched(bus, tally, sent - handled)
        last = bus.settle("hub")
        sent, handled = bus.sent - sent, tally.now() - handled
        wait_for("the end is stored", lambda: stored_until(bus) >= last.time, 60)
        series = "fedmsg-hub/derive-Tallied_{}"
        stored = {name: sum(rate or 0 for _, rate in fetch(
            short_folder, name, int(before.time), int(last.time), series.format(name)))
            for name in ("received", "processed")}  # fmt: skip
    most = max(sample.backlog for sample in samples)
    figure(
        f"a real hub at its maximum rate for {LASTS} s",
        f"{sent:,} sent, {last.received - before.received:,} received,"
        f" {last.processed - before.processed:,} processed, {handled:,} by the consumer's own"
        f" count, {stored['processed']:,.0f} in RRD: {handled / LASTS:,.0f}/s; {len(samples)}"
        f" samples, each exact, up to {most:,} waiting",
    )
    assert most > 0, "the hub was never waited for: not its maximum"
    assert last.received - before.received == last.processed - before.processed == sent == handled
    assert (last.failed, last.rejected, last.backlog) == (0, 0, 0)
    for total in stored.values():
        assert total == pytest.approx(sent, abs=0.5)


def watched(bus: Bus, tally: Tally, missed: int) -> list[Sample]:
    """Flood the hub for as long as it lasts; return the samples, each of which was checked.

    ``missed``: messages sent that the hub never got, before it was subscribed.
    """
    requester, flood = Requester(), Flood(bus, tally)
    reader = Reader([f"{bus.chain.run_folder}/hub.*.sock"], requester)
    reader.collect(5.0, time.time())
    samples: list[Sample] = []
    began = time.monotonic()
    flood.start()
    try:
        while time.monotonic() - began < LASTS:
            fresh = [
                sample
                for _, _, samples in reader.collect(5.0, time.time()).fresh
                for sample in samples
            ]
            for sample in fresh:
                assert sample.received == sample.processed + sample.waiting + sample.in_progress
                assert sample.received == sum(sample.topics.values()) <= bus.sent - missed
                assert sample.processed == sum(sample.topic_processed.values()) <= tally.now()
            samples += fresh
            bus.chain.processes.check()
            time.sleep(0.2)  # nothing waits for it
    finally:
        flood.ended.set()
        flood.join(30)
        requester.close()
    return samples
