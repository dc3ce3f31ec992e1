"""The new bus in one folder: a broker, the archiver's service on it, and who publishes."""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

from examples import rabbitmq
from examples.chain import ROOT
from examples.processes import Processes, free_port

#: The service's name, and its processes'; its queue is ``archiver``.
SERVICE = "archiver-amqp"
#: A queue that no service of this bus takes from.
DIGEST = "digest"
_BLOCK = """
    <RabbitMQ "http://127.0.0.1:{management}">
      Queues "archiver" "{digest}"
      Service "archiver" "{service}"
    </RabbitMQ>
    FedoraMessaging "{monitor}" "{service}"
"""
_SETTINGS = """
database = "{database}"
control = "{control}"
[consumer_config.collectd_fedmsg]
service = "{service}"
run_folder = "{run_folder}"
interval = {interval}
"""


class NewBus:
    """A bus that is not started yet.

    Args:
        folder: for everything of it.
        run_folder: the daemons' sockets.
        interval: seconds between samples of what is counted inside the service.
    """

    def __init__(self, folder: Path, run_folder: Path, interval: int) -> None:
        self._folder = folder
        self.amqp, self._management, monitor = (free_port() for _ in range(3))
        self._monitor = f"http://127.0.0.1:{monitor}"
        self.database = folder / "archive.db"
        #: What is put here tells the callback how to behave; see ``archive``.
        self.control = folder / "control"
        self.control.mkdir(parents=True)
        conf = folder / "conf.toml"
        conf.write_text(
            rabbitmq.service_config(
                self.amqp,
                "examples.new_bus.archive:Archive",
                monitor,
                _SETTINGS.format(
                    database=self.database,
                    control=self.control,
                    service=SERVICE,
                    run_folder=run_folder,
                    interval=interval,
                ),
            )
        )
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), "FEDORA_MESSAGING_CONF": str(conf)}

    @property
    def block(self) -> str:
        """Return what collectd's block says of it."""
        return _BLOCK.format(
            management=self._management, monitor=self._monitor, service=SERVICE, digest=DIGEST
        )

    def start_broker(self, processes: Processes) -> None:
        """Start the broker; return when it listens."""
        rabbitmq.start(processes, self._folder, self.amqp, self._management)

    def start_service(self, processes: Processes) -> None:
        """Start the service; ``consumes`` tells when it takes messages."""
        command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
        processes.start(SERVICE, command, self._env, self._folder)

    def consumes(self) -> bool:
        """Return whether the service says that it consumes."""
        try:
            with urllib.request.urlopen(f"{self._monitor}/ready", timeout=5) as answer:
                return b'"consuming": true' in answer.read()
        except OSError:
            return False

    def publish(
        self, processes: Processes, name: str, count: int, rate: float, *arguments: str
    ) -> None:
        """Begin to publish ``count`` messages, ``rate`` a second, in a process of this name."""
        command = [
            sys.executable,
            "-m",
            "examples.new_bus.publish",
            str(count),
            str(rate),
            *arguments,
        ]
        processes.start(name, command, self._env, self._folder)
