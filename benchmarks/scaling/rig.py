"""Simulated daemons, a real collectd, a real rrdcached and the real dashboard on one host.

With ``level`` the daemons' collectd sends to a second one, which stores: what a central host costs.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import sysconfig
import time
import urllib.request
from pathlib import Path

from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.metrics import METRICS
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for
from tests.integration.collectds import free_udp_ports

from . import cached
from .spent import spent

#: Consumers of a daemon; a host of Fedora's has some daemons of one to a dozen.
OF_ONE = 10
INTERVAL = 10
STORING = """\
LoadPlugin rrdcached
<Plugin rrdcached>
  DaemonAddress "unix:{address}"
  DataDir "{files}"
  CreateFiles true
  HeartBeat 3600
  RRATimespan 3600
</Plugin>
"""
SENDING = """\
LoadPlugin network
<Plugin network>
  <Server "127.0.0.1" "{port}">
    SecurityLevel {level}
    Username "bench"
    Password "bench"
  </Server>
</Plugin>
"""
RECEIVING = """\
LoadPlugin network
<Plugin network>
  <Listen "127.0.0.1" "{port}">
    SecurityLevel {level}
    AuthFile "{folder}/passwd"
  </Listen>
</Plugin>
"""


class Rig:
    """The parts with their pids; ``consumers`` a multiple of ten, ``write_after`` in seconds.

    ``level``: ``None``, ``Sign`` or ``Encrypt`` of the network plugin; empty: one collectd alone.
    """

    def __init__(self, folder: Path, consumers: int, write_after: int, level: str = "") -> None:
        self.folder, self.consumers, self.level = folder, consumers, level
        self.measured: dict[str, int] = {}
        self.files, self.address = folder / "rrd", folder / "rrdcached.sock"
        self._peers = folder / "peers"
        for subfolder in (self.files, self._peers):
            subfolder.mkdir()
        self.processes = Processes(folder)
        self._env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.measured["rrdcached"] = self.processes.start(
            "rrdcached",
            cached.command(self.address, folder, self.files, write_after),
            self._env,
            folder,
        )

    def start(self) -> None:
        """Return when every series has a file and has been updated once."""
        self.processes.start(
            "peers",
            [
                sys.executable,
                "-m",
                "tests.soak.many_peers",
                str(self._peers),
                str(self.consumers // OF_ONE),
                str(OF_ONE),
            ],
            self._env,
            ROOT,
        )
        wait_for("peers listen", (self._peers / "ready").exists, 60)
        block = snippets.collectd_block(
            str(self._peers),
            str(self.folder / "state.json"),
            INTERVAL,
            [str(ROOT), sysconfig.get_path("platlib")],
        )
        block = block.replace("    Timeout", "    MaxConsumers 100000\n    Timeout")
        storing = STORING.format(address=self.address, files=self.files)
        if self.level:
            [port] = free_udp_ports(1)
            settings = {"port": port, "level": self.level, "folder": self.folder}
            (self.folder / "passwd").write_text("bench: bench\n")
            self._collectd("central", RECEIVING.format(**settings) + storing)
            wait_for("the central one listens", lambda: _taken(settings["port"]))
            storing = SENDING.format(**settings)
        self._collectd("collectd", storing + block)
        wait_for("every series is cached", self._all_cached, 300)

    def _collectd(self, name: str, configuration: str) -> None:
        conf = self.folder / f"{name}.conf"
        head = collectd_conf.head(
            "localhost",
            self.folder,
            self.folder / f"{name}.pid",
            self.folder / f"{name}.log",
            INTERVAL,
        )
        conf.write_text(head + configuration)
        self.measured[name] = self.processes.start(
            name, ["/usr/sbin/collectd", "-f", "-C", str(conf)], self._env, self.folder
        )

    def _all_cached(self) -> bool:
        self.processes.check()
        time.sleep(0.5)  # do not disturb what is measured
        if not self.address.exists():
            return False
        return cached.stats(self.address)["TreeNodesNumber"] >= self.consumers * len(METRICS)

    def measure(self, seconds: float) -> dict[str, float]:
        """Return CPU s a minute, MB, and what rrdcached received and wrote a second."""
        first = [spent(pid) for pid in self.measured.values()]
        counted, began = cached.stats(self.address), time.monotonic()
        time.sleep(seconds)
        self.processes.check()
        then, lasted = cached.stats(self.address), time.monotonic() - began
        last = [spent(pid) for pid in self.measured.values()]
        figures = {}
        for name, before, after in zip(self.measured, first, last):
            figures[f"{name} CPU s/min"] = (after.cpu - before.cpu) / lasted * 60
            figures[f"{name} MB"] = after.memory
        for name, count in (("updates/s", "UpdatesReceived"), ("writes/s", "UpdatesWritten")):
            figures[name] = (then[count] - counted[count]) / lasted
        return figures

    def dashboard(self) -> dict[str, float]:
        """Return ms of the list of daemons: first, until all are judged, least of five later; MB.

        Where there are many, the first answer says that they are being read.
        """
        port = free_port()
        pid = self.processes.start(
            "dashboard",
            [
                sys.executable,
                "-m",
                "collectd_fedmsg_dashboard.serve",
                "--data-dir",
                str(self.files),
                "--rrdcached",
                f"unix:{self.address}",
                "--port",
                str(port),
            ],
            self._env,
            ROOT,
        )
        address = f"http://127.0.0.1:{port}"
        wait_for("the page answers", lambda: _answers(address), 60)

        def listed() -> tuple[float, bool]:
            began = time.perf_counter()
            with urllib.request.urlopen(f"{address}/api/v1/daemons", timeout=120) as answer:
                body = answer.read()
            return (time.perf_counter() - began) * 1000, json.loads(body)["reading"]

        began = time.perf_counter()
        first, _ = listed()
        wait_for("all are judged", lambda: not listed()[1], 120)
        judged = (time.perf_counter() - began) * 1000
        later = min(listed()[0] for _ in range(5))
        return {
            "list first ms": first,
            "all judged ms": judged,
            "list later ms": later,
            "dashboard MB": spent(pid).memory,
        }


def _taken(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
