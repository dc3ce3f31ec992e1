"""What one look at the stacks costs the plugin's own thread, by workers and depth."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.stacks import OFTEN, Sampler

LOOKS = 200


def figures() -> Iterator[tuple[str, float]]:
    """Yield a description and the seconds of processor that one look takes."""
    for workers, depth in ((1, 20), (8, 20), (8, 60), (32, 60)):
        yield f"{workers} waiting workers, {depth} frames deep", one_look(workers, depth)


def one_look(workers: int, depth: int) -> float:
    """Return the seconds of processor of one look at workers that wait."""
    counts = Counts("C", threading.Lock(), [], workers, packages=("benchmarks",))
    assert counts.stacks is not None
    gate, inside = threading.Event(), threading.Semaphore(0)

    def down(level: int) -> None:
        if level:
            down(level - 1)
            return
        inside.release()
        gate.wait()

    work = counts.count_work(lambda _: down(depth))
    message: dict[str, Any] = {"topic": "t"}
    threads = [threading.Thread(target=work, args=(message,)) for _ in range(workers)]
    for thread in threads:
        thread.start()
        inside.acquire()
    sampler = Sampler([counts.stacks])
    sampler._due = 0
    sampler.look()  # names and files are remembered from here
    began = time.thread_time()
    for _ in range(LOOKS):
        sampler._due = 0
        sampler.look()
    cpu_seconds = time.thread_time() - began
    gate.set()
    for thread in threads:
        thread.join()
    return cpu_seconds / LOOKS


def share(seconds: float) -> float:
    """Return the share of a core (0 to 1) of looks of this cost at their highest rate."""
    return seconds / OFTEN
