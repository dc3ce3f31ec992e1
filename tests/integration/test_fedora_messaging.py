"""A real fedora-messaging service on a real RabbitMQ, read through its monitor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg.sources.fedora_messaging import FedoraMessagingSource
from collectd_fedmsg.sources.foreign import Foreign
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

CONFIG = """
amqp_url = "amqp://guest:guest@127.0.0.1:{amqp}/%2F"
callback = "tests.integration.obeying:callback"
passive_declares = false
[monitoring]
address = "127.0.0.1"
port = {monitor}
[exchanges."amq.topic"]
type = "topic"
durable = true
auto_delete = false
arguments = {{}}
[queues.archiver]
durable = false
auto_delete = true
exclusive = false
arguments = {{}}
[[bindings]]
queue = "archiver"
exchange = "amq.topic"
routing_keys = ["#"]
"""

PUBLISH = """
from fedora_messaging import api, config, message
config.conf.load_config()
config.conf["monitoring"] = {}  # the consuming service has that port
for body in [{}] * 12 + [{"drop": True}] * 3:
    api.publish(message.Message(topic="org.fedoraproject.prod.order", body=dict(body)))
"""


@pytest.mark.skipif(not SERVER.exists(), reason="rabbitmq-server is not installed")
def test_a_real_service(short_folder: Path) -> None:
    """Fifteen messages through the broker: all received and ended, none failed."""
    processes = Processes(short_folder)
    amqp, monitor = free_port(), free_port()
    try:
        start_broker(processes, short_folder, amqp)
        conf = short_folder / "conf.toml"
        conf.write_text(CONFIG.format(amqp=amqp, monitor=monitor))
        env = {**os.environ, "PYTHONPATH": str(ROOT), "FEDORA_MESSAGING_CONF": str(conf)}
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        processes.start("service", command, env, short_folder)
        source = FedoraMessagingSource({f"http://127.0.0.1:{monitor}": "archiver"}, 1.0)

        def sample() -> Foreign | None:
            processes.check()
            fresh = source.collect(2.0, time.time()).fresh
            return fresh[0][2][0] if fresh else None

        wait_for("the service answers", lambda: sample() is not None, 60)
        # The queue is declared when it consumes; what comes earlier goes nowhere.
        wait_for("it consumes", lambda: consuming(monitor), 60)
        done = subprocess.run([sys.executable, "-c", PUBLISH], env=env, cwd=short_folder,
                              capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr

        def ended() -> bool:
            now = sample()
            return now is not None and now.processed == 15

        wait_for("all have ended", ended, 30)
        last = sample()
        assert last is not None
        assert (last.received, last.processed, last.failed, last.in_progress) == (15, 15, 0, 0)
        source.close()
    finally:
        processes.stop_all(last=("broker", "epmd"))


def start_broker(processes: Processes, folder: Path, amqp: int) -> None:
    """Start RabbitMQ on loopback with everything in ``folder``; wait until it listens."""
    names = free_port()
    env = {
        **os.environ, "HOME": str(folder), "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names), "RABBITMQ_NODENAME": "cf@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(amqp),
        "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }  # fmt: skip
    processes.start("epmd", ["epmd", "-address", "127.0.0.1", "-port", str(names)], env, folder)
    processes.start("broker", [str(SERVER)], env, folder)

    def listens() -> bool:
        processes.check()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", amqp)) == 0

    wait_for("the broker listens", listens, 60)


def consuming(monitor: int) -> bool:
    """Return what the monitor itself says."""
    import json
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{monitor}/ready", timeout=5) as answer:
        return bool(json.load(answer)["consuming"])
