"""Real Celery workers of three pools, counted by their signals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import latest
from examples.chain import ROOT
from examples.processes import Processes, wait_for

APP = "tests.integration.celery_app"
SEND = f"""
from {APP} import work
for _ in range(10):
    work.delay(0.1)
work.delay(0, "fail")
work.delay(0, "retry")
"""
#: By pool: the processes of it that run tasks.
POOLS = {"solo": 1, "threads": 1, "prefork": 3}


def samples(folder: Path) -> list[Sample]:
    """Return the newest sample of each process of a worker."""
    harvest = latest([f"{folder}/health/*.sock"], 30.0, time.time())
    return [rows[-1] for _, _, rows in harvest.fresh if rows]


def total(folder: Path, metric: str) -> int:
    return sum(getattr(sample, metric) for sample in samples(folder))


def test_tasks_are_counted(short_folder: Path) -> None:
    """Ten well, one that fails, one that is retried once: 13 runs, one failure, no backlog."""
    processes = Processes(short_folder)
    folders = {pool: short_folder / pool for pool in POOLS}
    envs = {}
    try:
        for pool, folder in folders.items():
            (folder / "in").mkdir(parents=True)
            (folder / "done").mkdir()
            envs[pool] = {**os.environ, "PYTHONPATH": str(ROOT), "CELERY_APP_FOLDER": str(folder)}
            command = [sys.executable, "-m", "celery", "-A", APP, "worker", "-P", pool, "-c", "3"]
            processes.start(pool, command, envs[pool], ROOT)
        for pool, folder in folders.items():
            wait_for(
                f"{pool} is there before any task",
                lambda folder=folder, pool=pool: len(samples(folder)) == POOLS[pool],
                60,
            )
            subprocess.run(
                [sys.executable, "-c", SEND], env=envs[pool], cwd=ROOT, timeout=60, check=True
            )
        for pool, folder in folders.items():
            wait_for(f"{pool} ran all", lambda folder=folder: total(folder, "processed") == 13, 60)
            assert total(folder, "received") == 13
            assert total(folder, "failed") == 1
            assert total(folder, "busy") >= 1_000_000
            rows = samples(folder)
            assert {topic for sample in rows for topic in sample.topics} == {f"{APP}.work"}
            assert not any(sample.observable for sample in rows)
            assert len({sample.consumer for sample in rows}) == POOLS[pool]
            [failure] = [failure for sample in rows for failure in sample.failures]
            assert (failure.topic, failure.kind, failure.total) == (f"{APP}.work", "KeyError", 1)
            assert failure.places.startswith(f"{APP}:work:")
    finally:
        processes.stop_all(grace=15)
