"""Several real collectds on one machine, each with a host name and outputs of its own."""

from __future__ import annotations

import os
import socket
import sysconfig
from contextlib import ExitStack
from pathlib import Path

from collectd_fedmsg.commands import config as snippets
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes


def start(
    processes: Processes,
    folder: Path,
    host: str,
    outputs: str,
    *,
    run_folder: Path | None = None,
    base: Path | None = None,
    interval: int = 1,
) -> Path:
    """Start one collectd; with ``run_folder`` it reads the daemons there. Return its log's path.

    ``outputs`` is the part of collectd.conf that says where values come from or go to besides;
    ``base`` is the folder to which names of RRD files are relative.
    """
    log = folder / f"{host}.log"
    conf = collectd_conf.head(host, base or folder, folder / f"{host}.pid", log, interval) + outputs
    if run_folder is not None:
        conf += snippets.collectd_block(
            str(run_folder),
            str(folder / f"{host}.cursors"),
            interval,
            [str(ROOT), sysconfig.get_path("platlib")],
        )
    path = folder / f"{host}.conf"
    path.write_text(conf)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    processes.start(f"collectd-{host}", ["/usr/sbin/collectd", "-f", "-C", str(path)], env, folder)
    return log


def free_udp_ports(count: int) -> list[int]:
    """Return loopback UDP ports that nothing uses now, each once."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
