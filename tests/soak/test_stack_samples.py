"""A million looks at threads that start and end meanwhile: nothing fails, nothing grows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.stacks import Sampler
from tests.conftest import Figure

SAMPLES = 1_000_000
WORKERS = 16
GROWTH = 4_000_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_million(figure: Figure) -> None:
    counts = Counts("C", threading.Lock(), [], WORKERS, packages=("tests",))
    assert counts.stacks is not None
    sampler, ended, born = Sampler([counts.stacks]), threading.Event(), [0]
    work = counts.count_work(lambda message: message["gate"].wait(0.01))

    def churn() -> None:
        while not ended.is_set():
            message: dict[str, Any] = {"topic": "t", "gate": threading.Event()}
            thread = threading.Thread(target=work, args=(message,))
            thread.start()
            thread.join()
            born[0] += 1

    churning = [threading.Thread(target=churn) for _ in range(WORKERS)]
    for thread in churning:
        thread.start()
    stack_samples = looks = before = 0
    try:
        while stack_samples < SAMPLES:
            sampler._due = 0
            stack_samples += len(counts.stacks.begun())
            sampler.look()
            looks += 1
            if looks % 50 == 0:
                counts.sample(float(looks))
            if not before and stack_samples > SAMPLES // 4:
                before = resident()
    finally:
        ended.set()
        for thread in churning:
            thread.join(30)
    grown = resident() - before
    assert born[0] > 1000
    assert grown < GROWTH
    figure(f"{stack_samples:,} stack samples, {born[0]:,} threads born and dead",
           f"0 crashes, memory {grown / 1e6:+.1f} MB")  # fmt: skip
