"""What collectd's write_graphite hands to a real carbon-cache, read from its whisper files."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from examples.processes import free_port, wait_for
from tests.documented import block

from . import collectds
from .bus import Bus

CARBON = """\
[cache]
STORAGE_DIR = {folder}/
LOCAL_DATA_DIR = {folder}/whisper/
CONF_DIR = {folder}/
LOG_DIR = {folder}/
PID_DIR = {folder}/
ENABLE_LOGROTATION = False
USER =
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
"""
SCHEMAS = block("scale-out", "[collectd]", {"10s:7d,1m:90d": "1s:1h"})


def values(path: Path, start: float, end: float) -> dict[int, float]:
    """Return what a whisper file knows of (start, end], by epoch seconds."""
    if not path.exists():
        return {}
    output = subprocess.run(
        ["whisper-fetch", f"--from={start:.0f}", f"--until={end:.0f}", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    rows = [line.split() for line in output.splitlines()]
    return {int(at): float(value) for at, value in rows if value != "None"}


@pytest.mark.timeout(240)
def test_totals_and_backlog_are_in_the_whisper_files(short_folder: Path) -> None:
    """Totals as totals: their difference is what the hub counted; the backlog as it was."""
    folder, ports = short_folder, [free_port() for _ in range(3)]
    (folder / "carbon.conf").write_text(
        CARBON.format(folder=folder, line=ports[0], pickle=ports[1], query=ports[2])
    )
    (folder / "storage-schemas.conf").write_text(SCHEMAS)
    with Bus(folder) as bus:
        processes = bus.chain.processes
        processes.start(
            "carbon",
            ["carbon-cache", f"--config={folder}/carbon.conf", "--nodaemon", "start"],
            os.environ,
            folder,
        )
        bus.start("daemon")
        collectds.start(
            processes,
            folder,
            "east",
            block(
                "scale-out",
                "LoadPlugin write_graphite",
                {"carbon.example.org": "127.0.0.1", "2003": str(ports[0])},
            ),
            run_folder=bus.chain.run_folder,
        )
        base = folder / "whisper" / "collectd" / "east" / "fedmsg-daemon"

        def stored(name: str, at: float) -> float | None:
            processes.check()
            return values(base / f"{name}.wsp", at - 1, at + 1).get(int(at))

        def wait_stored(at: float) -> None:
            for name in ("derive-Obedient_received", "queue_length-Obedient_backlog"):
                wait_for(f"{name} of {at:.0f}", lambda n=name: stored(n, at) is not None, 60)

        wait_for(
            "the first value",
            lambda: bool(
                values(base / "derive-Obedient_received.wsp", time.time() - 60, time.time())
            ),
            60,
        )
        first = bus.sample("daemon")
        wait_stored(first.time)
        bus.publish(200)
        bus.publish(5, seconds=60)  # they wait for as long as the test goes on
        wait_for(
            "all are received", lambda: bus.sample("daemon").received == first.received + 205, 60
        )
        last = bus.sample("daemon")
        wait_stored(last.time)
        totals = [stored("derive-Obedient_received", sample.time) for sample in (first, last)]
        assert totals == [first.received, last.received]
        assert stored("queue_length-Obedient_backlog", last.time) == last.backlog > 0
