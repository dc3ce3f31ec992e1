"""A real fedora-messaging service on a real RabbitMQ, read through its monitor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg.collector.sources.base import PartialSample
from collectd_fedmsg.collector.sources.fedora_messaging import FedoraMessagingSource
from examples import rabbitmq
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for

PUBLISH = """
from fedora_messaging import api, config, message
config.conf.load_config()
config.conf["monitoring"] = {}  # the consuming service has that port
for body in [{}] * 12 + [{"drop": True}] * 3:
    api.publish(message.Message(topic="org.fedoraproject.prod.order", body=dict(body)))
"""


@pytest.mark.skipif(not rabbitmq.installed(), reason="rabbitmq-server is not installed")
def test_a_real_service(short_folder: Path) -> None:
    """Fifteen messages through the broker: all received and ended, none failed."""
    processes = Processes(short_folder)
    amqp, monitor = free_port(), free_port()
    try:
        rabbitmq.start(processes, short_folder, amqp)
        conf = short_folder / "conf.toml"
        conf.write_text(
            rabbitmq.service_config(amqp, "tests.integration.obeying:callback", monitor)
        )
        env = {**os.environ, "PYTHONPATH": str(ROOT), "FEDORA_MESSAGING_CONF": str(conf)}
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        processes.start("service", command, env, short_folder)
        source = FedoraMessagingSource({f"http://127.0.0.1:{monitor}": "archiver"}, 1.0)

        def sample() -> PartialSample | None:
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
        processes.stop_all(last=rabbitmq.NAMES)


def consuming(monitor: int) -> bool:
    """Return what the monitor itself says."""
    import json
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{monitor}/ready", timeout=5) as answer:
        return bool(json.load(answer)["consuming"])
