"""Simulated daemons, a real collectd, a real rrdcached and the real dashboard on one host."""

from __future__ import annotations

import os
import sys
import sysconfig
import time
import urllib.request
from pathlib import Path

from collectd_fedmsg import snippets
from collectd_fedmsg.metrics import METRICS
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes, free_port, wait_for

from . import cached
from .spent import spent

#: Consumers of a daemon; a host of Fedora's has some daemons of one to a dozen.
OF_ONE = 10
INTERVAL = 10
CONF = """\
LoadPlugin rrdcached
<Plugin rrdcached>
  DaemonAddress "unix:{address}"
  DataDir "{files}"
  CreateFiles true
  HeartBeat 3600
  RRATimespan 3600
</Plugin>
{python}
"""


class Rig:
    """The parts with their pids; ``consumers`` a multiple of ten, ``write_after`` in seconds."""

    def __init__(self, folder: Path, consumers: int, write_after: int) -> None:
        self.folder, self.consumers = folder, consumers
        self.files, self.address = folder / "rrd", folder / "rrdcached.sock"
        self._peers = folder / "peers"
        for made in (self.files, self._peers):
            made.mkdir()
        self.processes = Processes(folder)
        self._env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.rrdcached = self.processes.start(
            "rrdcached", cached.command(self.address, folder, self.files, write_after),
            self._env, folder)

    def start(self) -> None:
        """Return when every series has a file and has been updated once."""
        self.processes.start(
            "peers", [sys.executable, "-m", "tests.soak.many_peers", str(self._peers),
                      str(self.consumers // OF_ONE), str(OF_ONE)], self._env, ROOT)
        wait_for("peers listen", (self._peers / "ready").exists, 60)
        block = snippets.collectd_block(str(self._peers), str(self.folder / "state.json"),
                                        INTERVAL, [str(ROOT), sysconfig.get_path("platlib")])
        block = block.replace("    Timeout", "    MaxConsumers 100000\n    Timeout")
        (self.folder / "collectd.conf").write_text(collectd_conf.head(
            "localhost", self.folder, self.folder / "collectd.pid",
            self.folder / "collectd.log", INTERVAL) + CONF.format(
            address=self.address, files=self.files, python=block))
        self.collectd = self.processes.start(
            "collectd", ["/usr/sbin/collectd", "-f", "-C", str(self.folder / "collectd.conf")],
            self._env, self.folder)
        wait_for("every series is cached", self._all_cached, 300)

    def _all_cached(self) -> bool:
        self.processes.check()
        time.sleep(0.5)  # do not disturb what is measured
        if not self.address.exists():
            return False
        return cached.stats(self.address)["TreeNodesNumber"] >= self.consumers * len(METRICS)

    def measure(self, seconds: float) -> dict[str, float]:
        """Return CPU s a minute, MB, and what rrdcached received and wrote a second."""
        first = [spent(pid) for pid in (self.collectd, self.rrdcached)]
        counted, began = cached.stats(self.address), time.monotonic()
        time.sleep(seconds)
        self.processes.check()
        then, lasted = cached.stats(self.address), time.monotonic() - began
        last = [spent(pid) for pid in (self.collectd, self.rrdcached)]
        found = {}
        for name, before, after in zip(("collectd", "rrdcached"), first, last):
            found[f"{name} CPU s/min"] = (after.cpu - before.cpu) / lasted * 60
            found[f"{name} MB"] = after.memory
        for name, count in (("updates/s", "UpdatesReceived"), ("writes/s", "UpdatesWritten")):
            found[name] = (then[count] - counted[count]) / lasted
        return found

    def dashboard(self) -> dict[str, float]:
        """Return ms of the list of daemons, first and least of five later; the server's MB."""
        port = free_port()
        pid = self.processes.start(
            "dashboard", [sys.executable, "-m", "collectd_fedmsg_dashboard.serve", "--data-dir",
                          str(self.files), "--rrdcached", f"unix:{self.address}",
                          "--port", str(port)], self._env, ROOT)
        where = f"http://127.0.0.1:{port}"
        wait_for("the page answers", lambda: _answers(where), 60)
        times = []
        for _ in range(6):
            began = time.perf_counter()
            with urllib.request.urlopen(f"{where}/api/v1/daemons", timeout=120) as answer:
                answer.read()
            times.append((time.perf_counter() - began) * 1000)
        return {"list first ms": times[0], "list later ms": min(times[1:]),
                "dashboard MB": spent(pid).memory}


def _answers(where: str) -> bool:
    try:
        with urllib.request.urlopen(f"{where}/healthz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
