"""A running broker, the services on it, and what a test does to them."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pika

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples import rabbitmq
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for

CALLBACKS = "tests.integration.rabbitmq.callbacks"
#: A queue that is there from the start, so the broker soon has its figures.
QUIET = "quiet"
_LOGIN = base64.b64encode(b"guest:guest").decode()
_PUBLISH = """
import json, sys
from fedora_messaging import api, config, message
config.conf.load_config()
config.conf["monitoring"] = {}  # the consuming service has that port
for name, bodies in json.load(sys.stdin).items():
    for body in bodies:
        api.publish(message.Message(topic=f"org.fedoraproject.prod.{name}", body=body))
"""


class RunningBroker:
    """A broker with the management API and its default settings, and services on it.

    Args:
        folder: for everything of it, with a path short enough for sockets.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = Processes(folder)
        self.amqp, self.management = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.management}"
        self._monitors: dict[str, int] = {}
        self.start()
        self.edition = int(self.api("GET", "/api/overview")["rabbitmq_version"].partition(".")[0])
        with contextlib.closing(self.connect()) as connection:
            connection.channel().queue_declare(QUIET, durable=True)

    def start(self, settings: str = "") -> None:
        """Start the broker; ``settings`` are lines of rabbitmq.conf."""
        # The statistics' interval stays 5 s: with 0.5 s the broker itself lost acknowledgements
        # of channels that lived 0.15 s.
        rabbitmq.start(self.processes, self.folder, self.amqp, self.management, settings)

    def restart(self, settings: str = "", number: int = signal.SIGTERM) -> None:
        """Stop the broker with a signal, and start it with the same queues."""
        for name in rabbitmq.NAMES:
            self.processes.stop(name, number, 30)
        self.start(settings)

    def close(self) -> None:
        """Stop everything; nothing of the broker is wanted any more."""
        if "broker" in self.processes.running:
            self.processes.stop("broker", signal.SIGKILL)
        self.processes.stop_all(last=rabbitmq.NAMES)

    def connect(self) -> pika.BlockingConnection:
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.amqp))

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of the management API."""
        peer = http.client.HTTPConnection("127.0.0.1", self.management, timeout=60)
        with contextlib.closing(peer):
            peer.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Authorization": f"Basic {_LOGIN}", "Content-Type": "application/json"},
            )
            answer = peer.getresponse().read()
        return json.loads(answer) if answer else None

    def settled(self, queue: str, figures: Mapping[str, int], seconds: float = 60) -> None:
        """Wait until the broker's figures of a queue are these."""
        row: dict[str, Any] = {}

        def matches() -> bool:
            row.update(self.api("GET", f"/api/queues/%2F/{queue}"))
            stats = row.get("message_stats", {})
            return all(stats.get(name, row.get(name)) == value for name, value in figures.items())

        try:
            wait_for("", matches, seconds)
        except TimeoutError:
            broker_figures = {name: row.get("message_stats", row).get(name) for name in figures}
            raise TimeoutError(f"{queue}: {broker_figures} and not {figures}; {row}") from None

    def service(self, name: str, callback: str, settings: str = "") -> None:
        """Start a service, with a queue of the same name; ``settings`` are TOML for its callback.

        Args:
            name: of the service; ``publish`` finds it by this.
            callback: ``module:name`` of what gets the messages.
            settings: lines under ``[consumer_config]``.
        """
        self._monitors[name] = monitor = free_port()
        self._conf(name).write_text(
            rabbitmq.service_config(self.amqp, callback, monitor, settings)
            .replace("archiver", name)
            .replace("org.fedoraproject.#", f"#.{name}")
        )
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        self.processes.start(name, command, self._env(name), self.folder)

    def monitor(self, name: str) -> str:
        """Return the address of a service's monitor."""
        return f"http://127.0.0.1:{self._monitors[name]}"

    def consumes(self, *names: str) -> None:
        """Wait until these consume: what comes before their queues are declared goes nowhere."""
        for name in names:
            wait_for(f"{name} consumes", lambda name=name: self._is_consuming(name), 60)  # type: ignore[misc]

    def publish(self, bodies: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Publish the bodies of each service's messages, as another program would."""
        subprocess.run(
            [sys.executable, "-c", _PUBLISH],
            input=json.dumps({name: list(each) for name, each in bodies.items()}).encode(),
            env=self._env(next(iter(bodies))),
            cwd=self.folder,
            timeout=60,
            check=True,
        )

    def samples(self, name: str) -> list[Sample]:
        """Return the newest sample of each process of a service."""
        harvest = latest([f"{self.folder}/health/{name}.*.sock"], 30.0, time.time())
        return [samples[-1] for _, _, samples in harvest.fresh if samples]

    def counted(self, more: str = "") -> str:
        """Return the settings of the counting in a service."""
        return (
            f'[consumer_config.collectd_fedmsg]\nrun_folder = "{self.folder}/health"\n'
            f"interval = 1\n{more}"
        )

    def _is_consuming(self, name: str) -> bool:
        self.processes.check()
        peer = http.client.HTTPConnection("127.0.0.1", self._monitors[name], timeout=60)
        with contextlib.closing(peer), contextlib.suppress(OSError):
            peer.request("GET", "/ready")
            return bool(json.loads(peer.getresponse().read())["consuming"])
        return False

    def _conf(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def _env(self, name: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FEDORA_MESSAGING_CONF": str(self._conf(name)),
        }
