"""A hub answers its readers whatever its reactor and its queue are doing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Reply, Request
from collectd_fedmsg.reader.requester import Requester
from examples.processes import wait_for
from tests.integration.bus import Bus

PROMISED = 0.1  # seconds
MINUTE, MANY = 60, 1_000_000


def ask_until(bus: Bus, pid: int, done: Callable[[Reply], bool], most: float) -> list[float]:
    """Ask for the newest sample again and again; return the seconds that each answer took."""
    endpoint = f"ipc://{socket_path(bus.chain.run_folder, 'hub', pid)}"
    requester, waits = Requester(), list[float]()
    request = Request()
    deadline = time.monotonic() + most
    try:
        while time.monotonic() < deadline:
            began = time.monotonic()
            replies = requester.ask({endpoint: request}, 10.0).replies[endpoint]
            waits.append(time.monotonic() - began)
            last = replies[-1]
            request = Request(last.origin.run, last.newest - 1)
            if done(last):
                return waits
            time.sleep(0.05)
        raise AssertionError(f"not within {most} s")
    finally:
        requester.close()


def report(load: str, waits: list[float]) -> None:
    waits.sort()
    print(
        f"{load}: {len(waits)} answers, median {waits[len(waits) // 2] * 1e3:.1f} ms,"
        f" slowest {waits[-1] * 1e3:.1f} ms"
    )
    # One in a hundred may come late on a machine that has other things to do.
    assert waits[len(waits) * 99 // 100 - 1] < PROMISED


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_while_the_reactor_is_blocked_for_a_minute(short_folder: Path) -> None:
    with Bus(short_folder) as bus:
        pid = bus.start("hub", **{"moksha.blocking_mode": True})
        before = bus.sample("hub").processed
        bus.publish(seconds=MINUTE)
        wait_for("it is blocked", lambda: bus.sample("hub").in_progress == 1)
        waits = ask_until(
            bus, pid, lambda reply: reply.samples[-1][1].processed > before, MINUTE + 30
        )
        report("reactor blocked for a minute", waits)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_while_a_million_messages_wait(short_folder: Path) -> None:
    with Bus(short_folder) as bus:
        pid = bus.start("hub", workers=1)
        bus.publish(seconds=300)
        wait_for("the worker hangs", lambda: bus.sample("hub").in_progress == 1)
        bus.publish(MANY)
        coming = ask_until(bus, pid, lambda reply: reply.samples[-1][1].waiting == MANY, 300)
        report("while a million messages arrive", coming[len(coming) // 2 :])
        end = time.monotonic() + 20
        report("a million messages wait", ask_until(bus, pid, lambda _: time.monotonic() > end, 60))
        assert bus.sample("hub").backlog == MANY + 1
