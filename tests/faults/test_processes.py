"""Any part killed or stopped at any moment, while messages flow: counts conserved, no spike."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.chain import Daemon
from examples.processes import wait_for
from tests.conftest import Figure
from tests.faults.watchers import Answers, Handled
from tests.integration.bus import Bus
from tests.integration.test_back_fill import fetch, stored_until

CONSUMER = "tests.faults.consumers:Counted"
DAEMONS = ("first", "second")
TARGETS = (*DAEMONS, "collectd", "rrdcached", "dashboard")
SERIES = "fedmsg-{}/derive-Counted_{}"
#: Far above what 50 messages/s can be after seconds of standing still.
SPIKE = 2000.0
SEED = 20240229


@dataclass
class Run:
    """A chain under attack."""

    bus: Bus
    handled: Handled
    chance: random.Random
    #: Of a daemon: what it may have handled since its last sample, at each kill.
    in_flight: dict[str, int]
    #: Of a daemon: when it was killed last.
    killed: dict[str, float]
    kills: int = 0
    stops: int = 0
    daemon_kills: int = 0

    def start(self, name: str) -> None:
        chain = self.bus.chain
        if name in DAEMONS:
            config = {"counted.enabled": True, "counted.file": str(chain.folder / name)}
            chain.start_hub(Daemon(name, CONSUMER, 1, config))
        else:
            {"collectd": chain.start_collectd, "rrdcached": chain.start_rrdcached,
             "dashboard": chain.start_dashboard}[name]()  # fmt: skip

    def fault(self, name: str) -> None:
        """Kill or stop one part at a random moment, for a random time; then let it continue."""
        processes = self.bus.chain.processes
        pause = self.chance.uniform(0.0, 0.5)
        time.sleep(pause)  # what is random here is the moment itself
        if self.chance.random() < 0.6:
            at = time.time()
            processes.stop(name, signal.SIGKILL)
            if name in DAEMONS:
                self.daemon_kills += 1
                self.in_flight[name] += self.handled.within(
                    name, at, at - self.read_until(name, at)
                )
                self.killed[name] = at
            time.sleep(self.chance.uniform(0.0, 0.5))
            self.start(name)
            self.kills += 1
        else:
            pid = processes.running[name].pid
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self.chance.uniform(0.1, 2.0))
            os.kill(pid, signal.SIGCONT)
            self.stops += 1

    def read_until(self, name: str, at: float) -> float:
        """Return until when collectd has a daemon's samples, at a kill of it.

        A sample and the read of it take two seconds at most, unless the machine is busy: then
        collectd itself says how far it came.
        """
        times = json.loads((self.bus.chain.folder / "cursors.json").read_text())["times"]
        read = min(at - 2.5, times.get(json.dumps(["", name, "Counted"]), at))
        return max(read, self.killed[name])

    def wait_until_stored(self) -> None:
        """Wait until a sample taken after this moment is stored."""
        now = time.time()
        wait_for("series go on", lambda: stored_until(self.bus) > now, 90)
        self.bus.chain.processes.check()


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(12, id="quick", marks=pytest.mark.timeout(500)),
        pytest.param(200, id="200", marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
    ],
)
def test_counts_are_conserved(short_folder: Path, figure: Figure, faults: int) -> None:
    """What was handled is in the store, save the sample in flight when a daemon was killed."""
    chance = random.Random(SEED + faults)
    series = "/api/v1/series?metrics=received&daemon=localhost/first/Counted"
    paths = ["/", "/api/v1/daemons", series, "/metrics"]
    with Bus(short_folder) as bus:
        handled = Handled({name: short_folder / name for name in DAEMONS})
        run = Run(bus, handled, chance, dict.fromkeys(DAEMONS, 0), dict.fromkeys(DAEMONS, 0.0))
        for name in (*DAEMONS, "rrdcached", "collectd"):
            run.start(name)
        run.wait_until_stored()
        began = int(time.time()) - 2
        run.start("dashboard")
        with handled, Answers(bus.chain.port, paths) as answers, bus.traffic(0.02):
            wait_for("messages are handled", lambda: all(map(handled.now, DAEMONS)), 60)
            order = [TARGETS[n % len(TARGETS)] for n in range(faults)]
            chance.shuffle(order)
            for number, name in enumerate(order, 1):
                run.fault(name)
                if not number % 6 or name == "collectd":
                    run.wait_until_stored()
        lost = {name: check(run, name, began) for name in DAEMONS}
        sockets = sorted(path.name.split(".")[0] for path in bus.chain.run_folder.glob("*.sock"))
        assert sockets == sorted(DAEMONS), "no socket of a dead daemon is left"
    bad = {status for status in answers.statuses if status[0] == "5"} - {"503"}
    assert not bad, answers.bodies
    assert set(answers.statuses) <= {"200", "503", "404", "none"}, answers.bodies
    assert answers.statuses["200"] > 10
    sizes = {name: handled.now(name) for name in DAEMONS}
    figure(
        f"{run.kills} × kill -9, {run.stops} × SIGSTOP (seed {SEED + faults})",
        f"{sum(sizes.values()):,} messages handled, {sum(lost.values())} not in the store"
        f" (in flight at {run.daemon_kills} kills of their daemon);"
        f" page: {dict(answers.statuses)}",
    )


def check(run: Run, name: str, began: int) -> int:
    """Return how many messages of a daemon are not in the store; fail beyond what is allowed."""
    now = int(run.bus.settle(name).time)
    wait_for("the end is stored", lambda: stored_until(run.bus) >= now, 90)
    series = SERIES.format(name, "processed")
    rates = [rate for _, rate in fetch(run.bus.chain.folder, "processed", began, now, series)
             if rate is not None]  # fmt: skip
    assert max(rates) < SPIKE
    assert min(rates) >= 0
    lost = run.handled.now(name) - round(sum(rates), 3)
    assert -0.01 <= lost <= run.in_flight[name], (name, lost, run.in_flight[name])
    return round(lost)
