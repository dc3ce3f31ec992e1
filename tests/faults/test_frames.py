"""Hostile frames, by the tens of thousands and from peers gone mad, at both ends."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import pack, socket_path
from collectd_fedmsg.reader.collect import Harvest, Reader
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import Processes, wait_for
from tests.conftest import Figure
from tests.faults.fuzz import corpus, mutate, resident
from tests.faults.mad import MODES
from tests.listening import is_admitting

GROWTH = 5_000_000
#: Of the peers gone mad: those whose replies are refused, whatever the reader has time for.
REFUSED = {"garbage", "tomorrow", "another", "names"}


@pytest.mark.parametrize(
    ("count", "seed"),
    [
        pytest.param(50_000, 1, id="quick"),
        pytest.param(
            1_000_000, 2, id="million", marks=[pytest.mark.soak, pytest.mark.timeout(900)]
        ),
    ],
)
def test_fuzz(count: int, seed: int, figure: Figure) -> None:
    """Each frame is taken or refused with one kind of error; what is taken holds the contract."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz", str(count), str(seed)], cwd=ROOT,
        capture_output=True, text=True, timeout=850, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["frames"] == count
    assert 0.5 * count < report["refused"] < count
    assert report["dispatched"] > 100, "some frames were good, so what is dispatched was looked at"
    assert report["grown"] < GROWTH
    figure(
        f"{count:,} hostile frames (seed {seed})",
        f"0 crashes, 0 wrong dispatches; {report['refused']:,} refused in {report['ways']} ways,"
        f" {report['dispatched']:,} values checked; memory {report['grown'] / 1e6:+.1f} MB",
    )


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(3, id="quick"),
        pytest.param(200, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(1200)]),
    ],
)
def test_peers_gone_mad(short_folder: Path, figure: Figure, rounds: int) -> None:
    """The honest daemon among them is read every round, in time, and memory stays."""
    processes = Processes(short_folder)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes.start("mad", [sys.executable, "-m", "tests.faults.mad", str(short_folder)], env, ROOT)
    total = [0]

    def take(at: float) -> list[Sample]:
        total[0] += 7
        return [Sample("C", at, total[0], total[0], 0, 0)]

    honest = Responder(Settings("honest", short_folder, interval=1), take)
    requester = Requester()
    try:
        wait_for("all peers listen", (short_folder / "ready").exists, 60)
        honest.start()
        path = socket_path(short_folder, "honest", os.getpid())
        wait_for("the honest one listens", lambda: is_admitting(path))
        reader = Reader([f"{short_folder}/*.sock"], requester)
        endpoints, before = [], 0
        longest = 0.0
        refused: set[str] = set()
        number = 0
        while number < rounds or len(endpoints) < rounds or REFUSED - refused:
            assert number < 10 * rounds, (len(endpoints), refused)
            began = time.monotonic()
            harvest = reader.collect(2.0, time.time())
            longest = max(longest, time.monotonic() - began)
            endpoints += [endpoint for endpoint, _, _ in harvest.fresh if "/honest." in endpoint]
            check(harvest)
            refused |= {endpoint.rpartition("/")[2].split(".")[0] for endpoint in harvest.errors}
            last = honest_total(harvest, reader)
            wait_for("the next sample", lambda last=last: total[0] > last)
            if number == rounds // 4:
                before = resident()
            number += 1
        grown = resident() - before
    finally:
        requester.close()
        honest.stop()
        processes.stop_all()
    assert grown < (GROWTH if rounds > 100 else 10 * GROWTH)
    figure(
        f"{len(MODES)} peers gone mad, {number} rounds",
        f"honest one heard in {len(endpoints)}; longest read {longest:.1f} s of 2;"
        f" memory {grown / 1e6:+.1f} MB",
    )


def honest_total(harvest: Harvest, reader: Reader) -> int:
    return max(
        (samples[-1].received for name, _, samples in harvest.fresh if "/honest." in name),
        default=0,
    )


def check(harvest: Harvest) -> None:
    """Nothing of a claim to be another, nothing from tomorrow."""
    for endpoint, origin, samples in harvest.fresh:
        assert "/another." not in endpoint
        assert all(sample.time <= time.time() + origin.interval for sample in samples)


def test_a_daemon_flooded_with_requests(short_folder: Path, figure: Figure) -> None:
    """Garbage and real requests by the thousand: samples on time, others answered, threads live."""
    responder = Responder(
        Settings("d", short_folder, interval=1), lambda at: [Sample("C", at, 1, 1, 0, 0)]
    )
    responder.start()
    path = socket_path(short_folder, "d", os.getpid())
    wait_for("it listens", lambda: is_admitting(path))
    chance, ended, count = random.Random(3), threading.Event(), [0]
    frames = [frame for frame in corpus() if len(frame) < 1000]

    def attack() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(1.0)
                peer.connect(str(path))
                while not ended.is_set():  # never reads an answer
                    peer.sendall(pack(mutate(chance.choice(frames), chance)[:1024]))
                    count[0] += 1

    attackers = [threading.Thread(target=attack) for _ in range(3)]
    requester = Requester()
    try:
        for thread in attackers:
            thread.start()
        reader = Reader([f"{short_folder}/*.sock"], requester)
        times: list[float] = []

        def has_samples() -> bool:
            for _, _, samples in reader.collect(5.0, time.time()).fresh:
                times.extend(sample.time for sample in samples)
            return len(times) >= 5

        wait_for("five samples", has_samples, 60)
        wait_for("a thousand frames", lambda: count[0] > 1000, 60)
    finally:
        ended.set()
        for thread in attackers:
            thread.join(60)
        requester.close()
        responder.stop()
    assert times == sorted(set(times))
    figure("a daemon flooded with requests", f"{count[0]:,} frames; {len(times)} samples in order")
