"""The hub plugin inside real fedmsg-hub processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from collectd_fedmsg.collector.sources.moksha import MokshaSource
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Request
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import wait_for

from .bus import OBEDIENT, Bus

TOPIC = "org.fedoraproject.dev.order"


def test_a_blocked_reactor_does_not_silence_it(short_folder: Path) -> None:
    """In blocking mode a slow consumer holds the reactor; the samples go on."""
    with Bus(short_folder) as bus:
        pid = bus.start("blocked", **{"moksha.blocking_mode": True})
        before = bus.sample("blocked")
        bus.publish(seconds=60)
        requester = Requester()
        endpoint = f"ipc://{socket_path(bus.chain.run_folder, 'blocked', pid)}"
        samples_blocked = []
        waits = []

        def working() -> bool:
            began = time.monotonic()
            replies = requester.ask({endpoint: Request()}, 20.0).replies
            waits.append(time.monotonic() - began)
            assert replies, "it answers while the reactor is blocked"
            sample = replies[endpoint][-1].samples[-1][1]
            if sample.in_progress:
                samples_blocked.append(sample)
            return len(samples_blocked) > 1 and samples_blocked[-1].time > samples_blocked[0].time

        wait_for("two samples while it works", working)
        requester.close()
        assert (
            samples_blocked[0].observable,
            samples_blocked[0].waiting,
            samples_blocked[0].in_progress,
        ) == (False, 0, 1)
        assert samples_blocked[0].received == before.received + 1
        assert samples_blocked[-1].busy > samples_blocked[0].busy
        assert samples_blocked[-1].topic_busy[TOPIC] > samples_blocked[0].topic_busy[TOPIC] > 0
        print(f"answers while blocked: {len(waits)}, slowest {max(waits) * 1e3:.1f} ms")


def test_moksha_s_own_figures_stay(short_folder: Path) -> None:
    """The monitoring socket and fedmsg-check say the same with us and without us, to the end."""
    with Bus(short_folder) as bus:
        bus.start("hub")
        _start_bare(bus, "bare", {"obedient.enabled": True, "collectd_fedmsg.enabled": False})
        names = {f"ipc://{short_folder}/monitor-{name}.sock": name for name in ("hub", "bare")}
        source = MokshaSource(names, 1.0, time.time())
        totals: dict[str, tuple[int, int, int]] = {}
        polls = Counter[str]()

        def hear() -> dict[str, tuple[int, int, int]]:
            for _, origin, samples in source.collect(0.0, time.time()).fresh:
                sample = next(sample for sample in samples if sample.consumer == "Obedient")
                figures = (sample.received or 0, sample.processed or 0, sample.failed or 0)
                totals[origin.service] = figures
                polls[origin.service] += 1
            return dict(totals)

        def listening() -> bool:
            bus.publish()
            return len(hear()) == 2 and all(total[0] for total in totals.values())

        wait_for("both monitors are heard", listening)
        wait_for("a poll without traffic", quiet(hear, polls))
        before = hear()
        bus.publish(30)
        bus.publish(10, fail=True)
        wait_for("both counted", lambda: all(hear()[n][1] >= before[n][1] + 40 for n in before))
        wait_for("a poll without traffic", quiet(hear, polls))
        for name, after in hear().items():
            grown = tuple(now - then for now, then in zip(after, before[name]))
            assert grown == (40, 40, 10), name
            _check(bus, name)
        source.close()
        _check_producers(bus)
        _ends_alike(bus)


def _check_producers(bus: Bus) -> None:
    """Ask as Nagios would what Fedora's checks asked the monitoring socket in 2014."""

    def ask(*options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "collectd_fedmsg.cli", "check", *options, "--service", "hub",
             "--endpoints", f"{bus.chain.run_folder}/*.sock"],
            capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        return done.returncode, done.stdout

    code, text = ask("producers", "--producer", "MonitoringProducer", "-w", "600")
    assert code == 0, text
    assert "hub/MonitoringProducer last ran " in text
    assert ask("producers", "--producer", "MonitoringProducer", "-c", "600:")[0] == 2
    assert ask("present", "--consumer", "Obedient", "--producer", "MonitoringProducer")[0] == 0
    assert ask("present", "--consumer", "Obedient", "--producer", "Gone") == (
        2,
        "FEDMSG CRITICAL: not there: Gone of hub\n",
    )


def _ends_alike(bus: Bus) -> None:
    """Both die of SIGTERM at once, which moksha leaves to the system, with work in hand."""
    bus.publish(3, seconds=5)
    wait_for("it works", lambda: bus.sample("hub").in_progress == 1)
    children = [bus.chain.processes.running.pop(name) for name in ("hub", "bare")]
    for child in children:
        child.send_signal(signal.SIGTERM)
    assert [child.wait(60) for child in children] == [-signal.SIGTERM, -signal.SIGTERM]


def _start_bare(bus: Bus, name: str, config: dict[str, object]) -> None:
    chain = bus.chain
    path = chain.config_file(name)
    path.parent.mkdir(parents=True)
    path.write_text(f"config = { ({**chain.bus_config(name), **config})!r}")
    command = [str(Path(sys.executable).parent / "fedmsg-hub"), "--with-consumers", OBEDIENT]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "FEDMSG_CONFIG": str(path)}
    chain.processes.start(name, command, env, path.parent.parent)
    monitor = chain.folder / f"monitor-{name}.sock"
    wait_for(f"{name} listens", monitor.exists)


def quiet(hear: Callable[[], dict[str, Any]], polls: Counter[str]) -> Callable[[], bool]:
    """Return a condition: two polls of each daemon in which nothing was new."""
    state = [(hear(), polls.copy())]

    def unchanged() -> bool:
        now = hear()
        if now != state[0][0]:
            state[0] = (now, polls.copy())
        return all(polls[name] - state[0][1][name] >= 2 for name in now)

    return unchanged


def _check(bus: Bus, name: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "fedmsg-check"), "--consumer", "Obedient"],
        cwd=bus.chain.config_file(name).parent.parent, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "All consumers and producers are active" in done.stdout
    report = json.loads(done.stdout.partition("\n")[2])
    assert {consumer["name"] for consumer in report["consumers"]} == {"Obedient"}


def test_many_wait_and_it_still_answers(short_folder: Path) -> None:
    """A long queue costs nothing: the answer has the number, and is there at once."""
    with Bus(short_folder) as bus:
        bus.start("heap", workers=2)
        bus.publish(2, seconds=60)
        wait_for("both workers hang", lambda: bus.sample("heap").in_progress == 2)
        bus.publish(20_000)
        wait_for("all wait", lambda: bus.sample("heap").waiting == 20_000, 60)
        assert bus.sample("heap").backlog == 20_002


def test_without_a_folder_the_daemon_runs_on(short_folder: Path) -> None:
    """A failure to bind is one clear log line, and messages are handled all the same."""
    (short_folder / "file").write_text("in the way")
    with Bus(short_folder) as bus:
        config = {"obedient.enabled": True,
                  "collectd_fedmsg.run_folder": str(short_folder / "file" / "x")}  # fmt: skip
        _start_bare(bus, "stuck", config)
        monitor = zmq.Context.instance().socket(zmq.SUB)
        monitor.subscribe(b"")
        monitor.connect(f"ipc://{short_folder}/monitor-stuck.sock")

        def handled() -> bool:
            bus.publish()
            if not monitor.poll(100):
                return False
            report = json.loads(monitor.recv())
            return bool(report["consumers"][0]["headcount_out"])

        wait_for("the daemon handles messages", handled)
        monitor.close(linger=0)
        log = (short_folder / "logs" / "stuck.log").read_text()
        lines = [line for line in log.splitlines() if "no health reports at" in line]
        assert len(lines) == 1, log
        assert "is the folder there" in lines[0]
