"""The data folder full, then read-only: said clearly, no 500, and it recovers by itself."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from examples.chain import Chain
from examples.processes import wait_for
from tests.conftest import Figure

pytest.importorskip("flask")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], capture_output=True, timeout=60, check=True)


@pytest.fixture
def small(short_folder: Path) -> Iterator[Path]:
    """A chain's folder whose ``rrd`` is a file system of 400 kB."""
    folder = short_folder / "rrd"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=400k", "none", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only who may mount (root, CAP_SYS_ADMIN) can fill a disk of its own")
    yield short_folder
    subprocess.run(["umount", "-l", str(folder)], timeout=60, check=False)


def status(chain: Chain, path: str) -> int:
    try:
        with urllib.request.urlopen(f"{chain.url}{path}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def last_sample(chain: Chain) -> float:
    """Return the newest stored sample's time, 0 when there is none."""
    try:
        with urllib.request.urlopen(f"{chain.url}/api/v1/daemons", timeout=60) as answer:
            rows = json.load(answer)["daemons"]
    except urllib.error.HTTPError:
        return 0.0
    return max((row["last_sample"] or 0.0 for row in rows), default=0.0)


def test_full_and_read_only(small: Path, figure: Figure) -> None:
    """No file fits, then all do; then nothing can be written, then again: the series resume."""
    chain, total = Chain(small, [], interval=1), [0]
    rrd = str(small / "rrd")
    statuses: set[int] = set()

    def take(at: float) -> list[Sample]:
        total[0] += 7
        return [Sample("C", at, total[0], total[0], 0, 0)]

    def logged(text: str) -> Callable[[], bool]:
        logs = [small / "logs/collectd.log", small / "logs/rrdcached.log"]

        def is_logged() -> bool:
            statuses.update(status(chain, path) for path in ("/", "/api/v1/daemons", "/metrics"))
            return any(text in log.read_text(errors="replace") for log in logs if log.exists())

        return is_logged

    daemon = Responder(Settings("d", chain.run_folder, interval=1), take)
    daemon.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        chain.start_dashboard()
        wait_for("the full disk is logged", logged("is full, "), 60)
        mount("-o", "remount,size=64m", rrd)
        full = time.time()
        wait_for("series go on", lambda: last_sample(chain) > full + 2, 90)
        chain.processes.check()

        mount("-o", "remount,ro", rrd)
        wait_for("the read-only folder is logged", logged("is read-only: samples wait"), 120)
        mount("-o", "remount,rw", rrd)
        writable = time.time()
        wait_for("series go on", lambda: last_sample(chain) > writable + 2, 90)
        chain.processes.check()
    finally:
        daemon.stop()
        chain.processes.stop_all()
    assert statuses <= {200, 503}
    figure("data folder full, then read-only", f"said in the log; series went on by themselves;"
           f" page answered {sorted(statuses)}")  # fmt: skip


def test_a_state_file_that_cannot_be_written(short_folder: Path) -> None:
    """Cursors that cannot be kept are one line of the log; values are read and stored anyway."""
    chain = Chain(short_folder, [], interval=1)
    # A folder in its place: that no user, root neither, can write as a file.
    (short_folder / "cursors.json" / "in").mkdir(parents=True)
    daemon = Responder(
        Settings("d", chain.run_folder, interval=1), lambda at: [Sample("C", at, 1, 1, 0, 0)]
    )
    daemon.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        log = short_folder / "logs/collectd.log"
        stored = short_folder / "rrd/localhost/fedmsg-d/queue_length-C_backlog.rrd"
        wait_for("values are stored", stored.exists, 60)
        wait_for("it is logged", lambda: "not saved" in log.read_text(), 60)
    finally:
        daemon.stop()
        chain.processes.stop_all()
    assert log.read_text().count("not saved") == 1


def test_state_files_that_are_none(short_folder: Path) -> None:
    """Each is named, and keeps neither collectd from starting nor the others from being kept."""
    chain = Chain(short_folder, [], interval=1)
    cursors = short_folder / "cursors.json"
    cursors.write_text('{"cursors": {}, "times": {"a": 1}, "users": {"k": [1e999, 0]}}')
    os.mkfifo(short_folder / "cursors.evidence")
    (short_folder / "cursors.topics.json").mkdir()
    daemon = Responder(
        Settings("d", chain.run_folder, interval=1),
        lambda at: [Sample("C", at, 1, 1, 0, 0, topics={"t": 1})],
    )
    daemon.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        log = short_folder / "logs/collectd.log"
        wait_for("cursors are kept", lambda: '"service": "d"' in cursors.read_text(), 60)
        wait_for("it is logged", lambda: "topics.json: not saved" in log.read_text(), 60)
    finally:
        daemon.stop()
        chain.processes.stop_all()
    for name in ("cursors.json", "cursors.evidence", "cursors.topics.json"):
        assert f"begins without {short_folder}/{name}: " in log.read_text()
