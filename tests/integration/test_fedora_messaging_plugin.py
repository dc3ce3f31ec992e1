"""Real fedora-messaging services on a real broker, counted from inside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples import rabbitmq
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for
from tests.integration.test_fedora_messaging import consuming

pytest.importorskip("fedora_messaging")
pytestmark = pytest.mark.skipif(not rabbitmq.installed(), reason="rabbitmq-server is not installed")

PUBLISH = """
import sys
from fedora_messaging import api, config, message
config.conf.load_config()
config.conf["monitoring"] = {}  # the consuming service has that port
for name, bodies in eval(sys.argv[1]).items():
    for body in bodies:
        api.publish(message.Message(topic=f"org.fedoraproject.prod.{name}", body=body))
"""
WHERE = "tests.integration.counted_callbacks"
KINDS = {
    "function": "function",
    "class": "Class",
    "coroutine": "coroutine",
    "async-class": "AsyncClass",
}
#: Twelve well, one that comes twice, one for good, one that ends the service.
ORDERS = [{"seconds": 0.01}] * 12 + [{"do": "nack"}, {"do": "drop"}]


class Bus:
    """A broker, and services of one callback each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = Processes(folder)
        self.amqp = free_port()
        self.monitors: dict[str, int] = {}
        rabbitmq.start(self.processes, folder, self.amqp)

    def service(self, name: str, callback: str, settings: str = "") -> dict[str, str]:
        """Start a service; return its environment. Its queue is ``name``'s own."""
        monitor = free_port()
        conf = self.folder / f"{name}.toml"
        conf.write_text(
            rabbitmq.service_config(self.amqp, callback, monitor, settings)
            .replace("archiver", name)
            .replace("org.fedoraproject.#", f"#.{name}")
        )
        env = {**os.environ, "PYTHONPATH": str(ROOT), "FEDORA_MESSAGING_CONF": str(conf)}
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        self.processes.start(name, command, env, self.folder)
        self.monitors[name] = monitor
        return env

    def consumes(self, *names: str) -> None:
        """Wait until these consume: what comes before their queues are declared goes nowhere."""
        for name in names:
            wait_for(f"{name} consumes", lambda name=name: answers(self.monitors[name]), 60)

    def publish(self, env: dict[str, str], bodies: dict[str, list[dict[str, object]]]) -> None:
        done = subprocess.run(
            [sys.executable, "-c", PUBLISH, repr(bodies)],
            env=env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def last(self, name: str) -> list[Sample]:
        """Return the newest sample of each process of a service."""
        found = latest([f"{self.folder}/health/{name}.*.sock"], 2.0, time.time())
        assert not found.errors
        return [samples[-1] for _, _, samples in found.fresh if samples]


def answers(monitor: int) -> bool:
    try:
        return consuming(monitor)
    except OSError:
        return False


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    with tempfile.TemporaryDirectory(prefix="cf", dir="/tmp") as folder:
        running = Bus(Path(folder))
        try:
            yield running
        finally:
            running.processes.stop_all(last=rabbitmq.NAMES)


def ours(bus: Bus, more: str = "") -> str:
    return (
        f'[consumer_config.collectd_fedmsg]\nrun_folder = "{bus.folder}/health"\n'
        f"interval = 1\n{more}"
    )


def test_every_kind_of_callback_is_counted(bus):
    """By the entry point or by name: all messages, busy and topics; Nack and Drop are no errors."""
    named = "collectd_fedmsg.fedora_messaging_plugin:callback"
    for kind, attribute in KINDS.items():
        own = f"{WHERE}:{attribute}"
        env = bus.service(f"{kind}-entry", own, ours(bus))
        bus.service(f"{kind}-named", named, ours(bus, f'callback = "{own}"\n'))
    names = [f"{kind}-{way}" for kind in KINDS for way in ("entry", "named")]
    bus.consumes(*names)
    for kind in KINDS:  # named, it is counted from its start on
        wait_for(f"{kind} is there", lambda kind=kind: bus.last(f"{kind}-named") != [], 20)
    bus.publish(env, dict.fromkeys(names, ORDERS))
    for name in names:
        wait_for(
            f"{name} handled all",
            lambda name=name: [one.processed for one in bus.last(name)] == [15],
            20,
        )
        [sample] = bus.last(name)
        assert (sample.received, sample.failed, sample.in_progress) == (15, 0, 0)
        assert sample.topics == {f"org.fedoraproject.prod.{name}": 15}
        assert sample.busy >= 0.12e6
        assert sample.consumer.startswith("Consumer#")
        assert not sample.observable
    bus.publish(env, {name: [{"do": "halt"}] for name in names})
    for name in names:
        assert bus.processes.running.pop(name).wait(30) == 0, name  # as without us


def test_what_fails_ends_the_service_as_without_us(bus):
    """An exception of its own: counted as failed, exit code 13, the message back on the queue."""
    env = bus.service("failing", f"{WHERE}:function", ours(bus))
    bus.consumes("failing")
    bus.publish(env, {"failing": [{"seconds": 3, "do": "fail"}]})
    wait_for("it is in hand", lambda: [one.in_progress for one in bus.last("failing")] == [1], 20)
    [sample] = bus.last("failing")
    assert (sample.received, sample.processed, sample.workers) == (1, 0, 1)
    child = bus.processes.running.pop("failing")
    assert child.wait(30) == 13


def test_what_is_prefetched_is_not_in_progress(bus):
    """Ten on their way, each takes a second: one is in progress."""
    env = bus.service("prefetching", f"{WHERE}:coroutine", ours(bus))
    bus.consumes("prefetching")
    bus.publish(env, {"prefetching": [{"seconds": 1}] * 10})
    wait_for("it has some", lambda: [one.received for one in bus.last("prefetching")] > [2], 20)
    [sample] = bus.last("prefetching")
    assert sample.received - sample.processed == sample.in_progress <= 1
    bus.processes.stop("prefetching")


def test_without_a_folder_or_with_a_wrong_setting_the_service_runs_uncounted(bus):
    env = bus.service(
        "uncounted", f"{WHERE}:function", '[consumer_config.collectd_fedmsg]\ninterval = "often"\n'
    )
    bus.consumes("uncounted")
    bus.publish(env, {"uncounted": [{}, {"do": "halt"}]})
    child = bus.processes.running.pop("uncounted")
    assert child.wait(30) == 0
    log = (bus.folder / "uncounted.log").read_text()
    assert "interval" in log
