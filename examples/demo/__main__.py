"""``make demo``, ``make surge``, ``make slow-db``: run a small Fedora and disturb it."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TextIO

from examples import rabbitmq
from examples.chain import ROOT, Chain, Daemon
from examples.new_bus.bus import SERVICE, NewBus
from examples.processes import free_port, wait_for

from . import SECRET, slow_database

FOLDER = ROOT / ".run" / "demo"
INTERVAL = 5
#: As in docs/alerts-example.toml, but sooner: a demo is short.
RULES = """
every = "5s"
dashboard = "{url}"
[grouping]
wait = "10s"
interval = "30s"
[[rule]]
name = "backlog"
when = "backlog"
above = 20
hold = "30s"
clear = "30s"
[[rule]]
name = "verdict"
when = "verdict"
verdicts = "any"
hold = "15s"
clear = "30s"
[[rule]]
name = "daemon-silent"
when = "daemon_silent"
above = "30s"
hold = 0
severity = "critical"
[output.bus]
type = "bus"
config = "{config}"
"""
HELP = """
  The page:  {url}
  Each daemon is one row: received, processed, backlog side by side.
  From a second terminal, after a minute, when the page knows what is usual:
    make surge      fifty thousand build messages at once: received jumps in every row
    make slow-db    every insert of the archiver takes 0.4 s: only its processed falls
  What lasts half a minute is an alert: see the page Alerts; each is also sent onto the bus.
  Ctrl-C stops everything.  Logs: {logs}
"""


def daemons(folder: Path, hook_port: int) -> list[Daemon]:
    """Return the four daemons; the relay is a fifth."""
    module = "examples.demo.consumers"
    return [
        Daemon("archiver", f"{module}:Archiver", config={
            "demo.archiver.enabled": True, "demo.archiver.database": str(folder / "archive.db"),
        }),
        Daemon("notifier", f"{module}:Notifier", config={"demo.notifier.enabled": True}),
        Daemon("badges", f"{module}:Badges", config={"demo.badges.enabled": True}),
        Daemon("bridge", f"{module}:Bridge", config={
            "demo.bridge.enabled": True, "demo.bridge.port": hook_port,
        }),
    ]  # fmt: skip


def run() -> None:
    """Run everything until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    lock = _lock()
    if lock is None:
        sys.exit("a demo is running already; stop it with Ctrl-C first")
    shutil.rmtree(FOLDER, ignore_errors=True)
    hook_port = free_port()
    chain = Chain(FOLDER, daemons(FOLDER, hook_port), INTERVAL)
    bus = None
    if rabbitmq.installed() and importlib.util.find_spec("fedora_messaging"):
        bus = NewBus(FOLDER / "amqp", chain.run_folder, INTERVAL)
        chain.sources.append(bus.block)
    chain.rules = RULES.format(url=chain.url, config=chain.config_file("relay"))
    print("starting relay, four daemons, rrdcached, collectd, alerts and the page …", flush=True)
    try:
        with chain:
            publisher = [sys.executable, "-m", "examples.load", "--rate", "8"]
            config = chain.config_file("relay")
            env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
            chain.processes.start("traffic", [*publisher, "--config", str(config)], env, FOLDER)
            print(HELP.format(url=chain.url, logs=FOLDER / "logs"), flush=True)
            if bus is not None:
                start_second(bus, chain)
            while True:
                _send_hook(hook_port)
                time.sleep(2)
                chain.processes.check()
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    finally:
        lock.close()


def start_second(bus: NewBus, chain: Chain) -> None:
    """Start RabbitMQ and a fedora-messaging service on it: the page is there already."""
    bus.start_broker(chain.processes)
    bus.start_service(chain.processes)
    wait_for("the service consumes", bus.consumes, 60)
    bus.publish(chain.processes, "traffic-amqp", 10**9, 8.0)
    print(f"  The second bus is there: RabbitMQ, and {SERVICE} on it.", flush=True)


def surge() -> None:
    """Publish fifty thousand build messages as fast as it goes."""
    config = _running() / "daemons" / "relay" / "fedmsg.d" / "base.py"
    command = [sys.executable, "-m", "examples.load", "--config", str(config)]
    subprocess.run([*command, "--kind", "builds", "--count", "50000"], check=True, timeout=300)


def slow_db(seconds: float = 60.0) -> None:
    """Make every insert of the archiver slow for a while."""
    slow_database.slow_down(_running() / "archive.db", seconds)
    print(f"the archiver's inserts are slow for {seconds:g} s", flush=True)


def _lock() -> TextIO | None:
    """Return the demo's lock, held while the file is open; None when another demo holds it."""
    FOLDER.parent.mkdir(exist_ok=True)
    file = (FOLDER.parent / "demo.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _running() -> Path:
    lock = _lock()
    if lock is not None:
        lock.close()
        sys.exit("no demo is running; start `make demo` in another terminal first")
    return FOLDER


def _send_hook(port: int) -> None:
    body = json.dumps({"ref": "refs/heads/main", "repository": {"name": "bodhi"}}).encode()
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", data=body)
    request.add_header("X-Hub-Signature-256", f"sha256={signature}")
    with urllib.request.urlopen(request, timeout=10):
        pass


if __name__ == "__main__":
    {"run": run, "surge": surge, "slow-db": slow_db}[sys.argv[1]]()
