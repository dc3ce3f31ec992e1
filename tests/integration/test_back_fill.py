"""A real collectd that goes away and comes back, a daemon that dies with messages in its queue."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from examples.processes import wait_for

from .bus import Bus

TOPIC = "org.fedoraproject.dev.order"
RRD = "rrd/localhost/fedmsg-daemon/derive-Obedient_{}.rrd"


@pytest.mark.timeout(400)
def test_nothing_is_lost_between_samples(short_folder: Path) -> None:
    """Killed for seconds, collectd back-fills: no gap, the integral exact."""
    with Bus(short_folder) as bus:
        bus.start("daemon")
        bus.chain.start_rrdcached()
        bus.chain.start_collectd()
        wait_for("the first sample is stored", lambda: bool(stored_until(bus)))
        with bus.traffic(0.02):
            wait_for("messages are stored", lambda: grown(bus, 3))
            began = stored_until(bus)
            bus.chain.processes.stop("collectd", signal.SIGKILL)
            stopped = bus.sample("daemon").time
            wait_for("the outage lasts", lambda: bus.sample("daemon").time >= stopped + 6)
            bus.chain.start_collectd()
            wait_for("it has caught up", lambda: stored_until(bus) >= stopped + 9)
        wait_for("the queue is empty", lambda: not bus.sample("daemon").backlog)
        end = bus.sample("daemon").time
        wait_for("the end is stored", lambda: stored_until(bus) >= end)

        known = {sample.time: sample for sample in whole_ring(bus)}
        first, last = known[float(int(began))], known[end]
        for name, exact in (
            ("received", last.received - first.received),
            (f"topic-{TOPIC}", last.topics[TOPIC] - first.topics[TOPIC]),
            (f"tdone-{TOPIC}", last.topic_processed[TOPIC] - first.topic_processed[TOPIC]),
            (f"tbusy-{TOPIC}", last.topic_busy[TOPIC] - first.topic_busy[TOPIC]),
        ):
            rates = fetch(short_folder, name, int(began), int(end))
            assert len(rates) >= 9
            assert None not in [rate for _, rate in rates], name
            assert exact > 0
            assert abs(sum(rate or 0 for _, rate in rates) - exact) < 1e-3, name

        says_how_it_goes(short_folder)
        die_with_messages(bus, short_folder)


def says_how_it_goes(folder: Path) -> None:
    """The plugin's own series: daemons seen and silent, bytes read, time taken."""

    def newest(name: str) -> float:
        path = folder / "rrd" / "localhost" / "collectd_fedmsg" / f"{name}.rrd"
        output = subprocess.run(
            ["rrdtool", "lastupdate", str(path), "--daemon", f"unix:{folder}/rrdcached.sock"],
            capture_output=True, text=True, timeout=60, check=True).stdout  # fmt: skip
        return float(output.split()[-1])

    # On a busy machine a round may have been over before the daemon answered.
    wait_for(
        "a round in which it answers",
        lambda: (newest("count-daemons_seen"), newest("count-daemons_silent")) == (1, 0),
    )
    assert newest("derive-bytes") > 1000
    assert newest("derive-samples") > 9
    assert 0 < newest("duration-read") < 60


def die_with_messages(bus: Bus, folder: Path) -> None:
    """Kill the daemon with 30 messages in hand or waiting, start it again."""
    bus.publish(30, seconds=60)
    wait_for("they wait", lambda: bus.sample("daemon").backlog == 30)
    at = bus.sample("daemon").time
    wait_for("the backlog is stored", lambda: stored_until(bus) >= at)
    bus.chain.processes.stop("daemon", signal.SIGKILL)
    bus.start("daemon")
    log = folder / "logs" / "collectd.log"
    wait_for("the notification", lambda: "30 messages were lost in its queue" in log.read_text())
    now = bus.sample("daemon").time + 2
    wait_for("the new run is stored", lambda: stored_until(bus) >= now)
    rates = fetch(folder, "received", int(at), int(now))
    # RRD cannot know what happened between the runs: that step, and no spike.
    assert max(rate for _, rate in rates if rate is not None) < 100
    alive = [rate for _, rate in rates if rate is not None]
    assert alive[-1] >= 0


def stored_until(bus: Bus) -> float:
    """Return the time of the last sample that collectd dispatched, 0 without one."""
    try:
        times = json.loads((bus.chain.folder / "cursors.json").read_text())["times"]
    except (OSError, ValueError):
        return 0.0
    return max(times.values(), default=0.0)


def grown(bus: Bus, seconds: float) -> bool:
    return bus.sample("daemon").received > 50 * seconds and stored_until(bus) > 0


def whole_ring(bus: Bus) -> list:  # type: ignore[type-arg]
    from collectd_fedmsg.reader import collect as reader

    harvest = reader.latest([f"{bus.chain.run_folder}/daemon.*.sock"], 30.0, time.time())
    return [sample for _, _, samples in harvest.fresh for sample in samples]


def fetch(
    folder: Path, metric: str, start: int, end: int, series: str = ""
) -> list[tuple[int, float | None]]:
    """Return (time, rate) of each step after ``start`` until ``end``, once the last one is known.

    What collectd has dispatched may wait for a while before it is written.
    """
    rows: list[tuple[int, float | None]] = []

    def is_written() -> bool:
        rows[:] = fetched(folder, metric, start, end, series)
        return bool(rows) and rows[-1][1] is not None

    wait_for(f"{metric} is written until {end}", is_written)
    return rows


def fetched(
    folder: Path, metric: str, start: int, end: int, series: str = ""
) -> list[tuple[int, float | None]]:
    """Return (time, rate) of each step after ``start`` until ``end`` as written now."""
    path = folder / (f"rrd/localhost/{series}.rrd" if series else RRD.format(metric))
    command = [
        "rrdtool", "fetch", str(path), "AVERAGE", "-r", "1",
        "-s", str(start), "-e", str(end), "--daemon", f"unix:{folder}/rrdcached.sock",
    ]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    rows = []
    for line in output.splitlines()[2:]:
        at, _, value = line.partition(":")
        rate = None if "nan" in value else float(value)
        if start < int(at) <= end:
            rows.append((int(at), rate))
    return rows
