"""The whole chain on real parts, in one folder: bus, daemons, collectd, rrdcached, page.

The demo, the stories and the acceptance test all start it from here.
"""

from __future__ import annotations

import os
import pprint
import secrets
import sys
import sysconfig
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectd_fedmsg.commands import config as snippets

from . import collectd_conf
from .processes import Processes, free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent

_FEDMSG_CONFIG = """\
import sys
sys.path.append({root!r})
from collectd_fedmsg import explicit_hubs
from examples import lossless
explicit_hubs.install()
lossless.install()
config = {config}
"""

_OUTPUT = """\
LoadPlugin rrdcached
<Plugin rrdcached>
  DaemonAddress "unix:{folder}/rrdcached.sock"
  # No DataDir: names relative to BaseDir, for collectd refuses a path with a dot folder in it.
  CreateFiles true
  CollectStatistics false
  # As long as a daemon's ring: what is back-filled closes the gap.
  HeartBeat {heartbeat}
  RRARows 2400
</Plugin>
{python}
"""


@dataclass(frozen=True)
class Daemon:
    """A consumer daemon: its service name, ``module:Class`` and settings."""

    service: str
    consumer: str
    workers: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)


class Chain:
    """Everything running, for the length of a ``with`` block.

    Args:
        folder: an absolute folder with a short path (sockets live in it).
        daemons: what to run besides the relay.
        interval: seconds between samples; also RRD's step.
    """

    def __init__(self, folder: Path, daemons: Sequence[Daemon], interval: int = 10) -> None:
        self.folder = folder
        self.daemons = daemons
        self.interval = interval
        #: Seconds without a sample that RRD bridges; as long as a daemon's ring by default.
        self.heartbeat = 3600
        #: Rules of alerts, TOML; empty: none are evaluated.
        self.rules = ""
        #: The token for writing marks.
        self.token = secrets.token_hex(16)
        #: Folders that daemons import from as well, separated by colons.
        self.extra_path = ""
        #: Lines for the collectd plugin's block: daemons of other kinds.
        self.sources: list[str] = []
        self.run_folder = folder / "health"
        self.port = free_port()
        self.inbound = f"tcp://127.0.0.1:{free_port()}"
        self.outbound = f"tcp://127.0.0.1:{free_port()}"
        for name in ("logs", "rrd", "journal", "config"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.processes = Processes(folder / "logs")
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Chain:
        try:
            self.start()
        except BaseException:
            self.processes.stop_all()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop_all()

    def start(self) -> None:
        """Start all parts, each when what it needs is there."""
        # At once: each takes two seconds, most of them importing.
        for socket in [self._launch(daemon)[1] for daemon in (Daemon("relay", ""), *self.daemons)]:
            self._wait(socket)
        self.start_rrdcached()
        self.start_collectd()
        if self.rules:
            self.start_alerts()
        self.start_dashboard()

    def bus_config(self, service: str, workers: int = 1) -> dict[str, Any]:
        """Return fedmsg's configuration of one process on this bus."""
        return {
            "environment": "prod",
            "topic_prefix": "org.fedoraproject",
            "endpoints": {"relay_outbound": [self.outbound]},
            "relay_inbound": [self.inbound],
            "zmq_enabled": True,
            "zmq_linger": 60_000,
            "high_water_mark": 0,
            "sign_messages": False,
            "validate_signatures": False,
            "moksha.workers_per_consumer": workers,
            "moksha.monitoring.socket": f"ipc://{self.folder}/monitor-{service}.sock",
            "collectd_fedmsg.enabled": True,
            "collectd_fedmsg.service": service,
            "collectd_fedmsg.run_folder": str(self.run_folder),
            "collectd_fedmsg.interval": self.interval,
        }

    def config_file(self, service: str) -> Path:
        """Return the path of one daemon's fedmsg configuration."""
        return self.folder / "daemons" / service / "fedmsg.d" / "base.py"

    def start_hub(self, daemon: Daemon) -> int:
        """Start one daemon and wait until it answers for its health; return its pid."""
        pid, socket = self._launch(daemon)
        self._wait(socket)
        return pid

    def _launch(self, daemon: Daemon) -> tuple[int, Path]:
        """Start one daemon; return its pid and the socket that it will answer at."""
        config = {**self.bus_config(daemon.service, daemon.workers), **daemon.config}
        command = [_script("fedmsg-relay")]
        if daemon.consumer:
            command = [_script("fedmsg-hub"), "--with-consumers", daemon.consumer]
        # fedmsg's commands read ./fedmsg.d, its library FEDMSG_CONFIG: the same file for both.
        path = self.config_file(daemon.service)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_FEDMSG_CONFIG.format(root=str(ROOT), config=pprint.pformat(config)))
        python_path = ":".join(filter(None, (self._env["PYTHONPATH"], self.extra_path)))
        env = {**self._env, "PYTHONPATH": python_path, "FEDMSG_CONFIG": str(path)}
        pid = self.processes.start(daemon.service, command, env, path.parent.parent)
        return pid, self.run_folder / f"{daemon.service}.{pid}.sock"

    def start_rrdcached(self) -> None:
        """Start rrdcached, journal on."""
        folder = self.folder
        command = [
            "/usr/bin/rrdcached", "-g", "-l", f"unix:{folder}/rrdcached.sock",
            "-p", f"{folder}/rrdcached.pid", "-j", f"{folder}/journal", "-b", f"{folder}/rrd",
            "-B", "-R", "-w", "60", "-z", "10", "-f", "300",
        ]  # fmt: skip
        self.processes.start("rrdcached", command, self._env, folder)
        self._wait(folder / "rrdcached.sock")

    def start_collectd(self) -> None:
        """Start collectd in the foreground with our plugin."""
        python = snippets.collectd_block(
            str(self.run_folder),
            str(self.folder / "cursors.json"),
            self.interval,
            [str(ROOT), sysconfig.get_path("platlib")],
            f"unix:{self.folder}/rrdcached.sock",
        )
        python = python.replace("  </Module>", "\n".join([*self.sources, "  </Module>"]))
        conf = self.folder / "config" / "collectd.conf"
        conf.write_text(
            collectd_conf.head(
                "localhost", self.folder / "rrd", self.folder / "collectd.pid",
                self.folder / "logs" / "collectd.log", self.interval,
            )
            + _OUTPUT.format(folder=self.folder, heartbeat=self.heartbeat, python=python)
        )  # fmt: skip
        self.processes.start(
            "collectd", ["/usr/sbin/collectd", "-f", "-C", str(conf)], self._env, self.folder
        )

    @property
    def alerts_file(self) -> Path:
        """The evaluator's file."""
        return self.folder / "alerts.db"

    def start_alerts(self) -> None:
        """Start the evaluator of alerts as well."""
        rules = self.folder / "config" / "alerts.toml"
        rules.write_text(self.rules)
        command = [
            _script("collectd-fedmsg"), "alerts", "run", "--rules", str(rules),
            "--state", str(self.alerts_file), "--config", str(self.page_config()),
            "--data-dir", str(self.folder / "rrd"),
            "--rrdcached", f"unix:{self.folder}/rrdcached.sock", "--interval", str(self.interval),
        ]  # fmt: skip
        self.processes.start("alerts", command, self._env, self.folder)
        self._wait(self.alerts_file)

    def page_config(self) -> Path:
        """Write the page's settings, which alerts read as well; return the file."""
        config = self.folder / "config" / "dashboard.toml"
        alerts = f'alerts_file = "{self.alerts_file}"\n' if self.rules else ""
        token = self.folder / "config" / "token"
        token.touch(0o600)
        token.write_text(self.token)
        config.write_text(
            f'{alerts}evidence = "{self.folder}/*.evidence"\n'
            f'marks_file = "{self.folder}/marks"\ntoken_file = "{token}"\n'
        )
        return config

    def start_dashboard(self) -> None:
        """Start the page and wait until it answers."""
        command = [
            sys.executable, "-m", "collectd_fedmsg_dashboard.serve", "--config",
            str(self.page_config()), "--data-dir", str(self.folder / "rrd"),
            "--rrdcached", f"unix:{self.folder}/rrdcached.sock",
            "--host", "127.0.0.1", "--port", str(self.port), "--interval", str(self.interval),
        ]  # fmt: skip
        self.processes.start("dashboard", command, self._env, self.folder)
        wait_for(f"{self.url}/healthz answers", self._page_answers)

    def _page_answers(self) -> bool:
        self.processes.check()
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=20) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _wait(self, path: Path) -> None:
        def is_there() -> bool:
            self.processes.check()
            return path.exists()

        wait_for(f"{path} is there", is_there, 60)


def _script(name: str) -> str:
    return str(Path(sys.executable).parent / name)
