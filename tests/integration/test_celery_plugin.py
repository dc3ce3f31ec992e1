"""Real Celery workers of three pools, counted by their signals; where Celery is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples.chain import ROOT
from examples.processes import Processes, wait_for

pytest.importorskip("celery")
SEND = """
from tests.integration.celery_app import work
for _ in range(10):
    work.delay(0.1)
work.delay(0, "fail")
work.delay(0, "retry")
"""


@pytest.mark.parametrize("pool", ["solo", "threads", "prefork"])
def test_tasks_are_counted(short_folder: Path, pool: str) -> None:
    """Ten well, one that fails, one that is retried once: 13 runs, one failure, no backlog told."""
    for name in ("in", "done"):
        (short_folder / name).mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CELERY_APP_FOLDER": str(short_folder)}
    processes = Processes(short_folder)
    processes.start(
        "worker",
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.integration.celery_app",
            "worker",
            "-P",
            pool,
            "-c",
            "3",
        ],
        env,
        ROOT,
    )

    def samples() -> list[Sample]:
        found = latest([f"{short_folder}/health/*.sock"], 2.0, time.time())
        assert not found.errors
        return [rows[-1] for _, _, rows in found.fresh if rows]

    try:
        processing = {"solo": 1, "threads": 1, "prefork": 3}[pool]
        wait_for("it is there before any task", lambda: len(samples()) == processing, 60)
        subprocess.run([sys.executable, "-c", SEND], env=env, cwd=ROOT, timeout=60, check=True)
        wait_for("all are run", lambda: sum(one.processed for one in samples()) == 13, 60)
        rows = samples()
        assert sum(one.received for one in rows) == 13
        assert sum(one.failed for one in rows) == 1
        assert sum(one.busy for one in rows) >= 1_000_000
        assert {topic for one in rows for topic in one.topics} == {
            "tests.integration.celery_app.work"
        }
        assert not any(one.observable for one in rows)
        assert len({one.consumer for one in rows}) == processing
    finally:
        processes.stop("worker", grace=15)
