"""Time a real ``fedmsg-hub`` over zmq whose consumer does nothing, with and without us."""

from __future__ import annotations

import json
import os
import pprint
import sys
import tempfile
import time
from pathlib import Path

import zmq

from examples.chain import ROOT
from examples.processes import Processes, wait_for

TOPIC = b"org.fedoraproject.dev.bench"


def frame(kind: str, number: int) -> list[bytes]:
    """Return one message as fedmsg puts it on the wire."""
    topic = TOPIC.decode()
    body = {"topic": topic, "i": number, "timestamp": time.time(), "msg": {"kind": kind}}
    return [TOPIC, json.dumps(body).encode()]


def run(enabled: bool, count: int, pause: float) -> dict[str, float]:
    """Return wall and CPU seconds per message and resident bytes of one hub's life.

    ``pause`` (s) is kept between two messages; 0 floods the hub.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        context = zmq.Context()
        publisher = context.socket(zmq.PUB)
        publisher.set_hwm(0)
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        config = {
            "endpoints": {"bench": [f"tcp://127.0.0.1:{port}"]}, "zmq_enabled": True,
            "high_water_mark": 0, "sign_messages": False, "validate_signatures": False,
            "sink.enabled": True, "sink.folder": name, "sink.count": count,
            "collectd_fedmsg.enabled": enabled, "collectd_fedmsg.service": "bench",
            "collectd_fedmsg.run_folder": f"{name}/health", "collectd_fedmsg.interval": 10,
        }  # fmt: skip
        (folder / "fedmsg.d").mkdir()
        path = folder / "fedmsg.d" / "base.py"
        path.write_text(f"config = {pprint.pformat(config)}")
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        script = str(Path(sys.executable).parent / "fedmsg-hub")
        processes = Processes(folder)
        command = [script, "--with-consumers", "benchmarks.counting.sink:Sink"]
        processes.start("hub", command, {**env, "FEDMSG_CONFIG": str(path)}, folder)
        try:
            return _measure(folder, publisher, processes, count, pause)
        finally:
            processes.stop_all()
            context.destroy(linger=0)


def _measure(
    folder: Path, publisher: zmq.Socket[bytes], processes: Processes, count: int, pause: float
) -> dict[str, float]:
    def ready() -> bool:
        processes.check()
        publisher.send_multipart(frame("ready", 0))
        return (folder / "ready").exists()

    wait_for("the hub is subscribed", ready, 60)
    frames = [frame("message", number) for number in range(count)]
    publisher.send_multipart(frame("begin", 0))
    for part in frames:
        publisher.send_multipart(part)
        if pause:
            time.sleep(pause)

    def done() -> bool:
        processes.check()
        return (folder / "figures").exists()

    wait_for("all messages are handled", done, 120)
    figures = json.loads((folder / "figures").read_text())
    return {"wall": figures["wall"] / count, "cpu": figures["cpu"] / count, "rss": figures["rss"]}
