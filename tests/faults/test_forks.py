"""A forked child takes no lock, starts nothing and leaves nothing, until it works as a daemon."""

from __future__ import annotations

import gc
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moksha.hub.api import Consumer

from collectd_fedmsg.commands.keys import make
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.hub_plugin import HealthProducer
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Request
from collectd_fedmsg.reader.collect import latest
from collectd_fedmsg.reader.requester import Requester
from examples.processes import free_port, wait_for
from tests.listening import is_admitting


class Archiver(Consumer):  # type: ignore[misc]
    """What moksha's plugin looks at, without a hub."""

    topic = "t"

    def __init__(self) -> None:
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.blocking_mode, self.N = False, 1
        self.headcount_in = self.headcount_out = self._exception_count = 0
        self._times: list[float] = []

    def consume(self, message: object) -> None:
        """Do nothing with it."""


@pytest.fixture
def consumer(short_folder: Path) -> Iterator[Archiver]:
    """Yield a counted consumer whose daemon is this process."""
    archiver = Archiver()
    config = {
        "collectd_fedmsg.enabled": True,
        "collectd_fedmsg.service": "hub",
        "collectd_fedmsg.interval": 1,
        "collectd_fedmsg.run_folder": str(short_folder),
    }
    producer = HealthProducer(SimpleNamespace(config=config, consumers=[archiver], producers=[]))
    path = socket_path(short_folder, "hub", os.getpid())
    wait_for("it listens", lambda: is_admitting(path))
    yield archiver
    producer.stop()


def ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] != 0


def test_while_a_lock_is_held(consumer: Archiver) -> None:
    """Another thread has the queue's lock, for ever in the child: fork returns there."""
    with consumer.incoming.mutex:
        child = os.fork()
        if not child:
            os._exit(0)
        try:
            wait_for("the child has ended", lambda: ended(child))
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise


def test_children_that_do_not_serve(consumer: Archiver, short_folder: Path) -> None:
    """They have no thread and no socket of ours, not even the parent's, and leave no file."""
    reader, writer = os.pipe()
    gc.collect()  # what earlier tests left open is not closed meanwhile
    for _ in range(10):
        child = os.fork()
        if not child:
            names = {thread.name for thread in threading.enumerate()}
            links = [
                os.readlink(f"/proc/self/fd/{n}")  # noqa: PTH115
                for n in os.listdir("/proc/self/fd")  # noqa: PTH208
                if os.path.exists(f"/proc/self/fd/{n}")  # noqa: PTH110
            ]
            listening = sum(link.startswith("socket:") for link in links)
            os.write(writer, bytes(["collectd_fedmsg" in names, listening]))
            os._exit(0)
        os.waitpid(child, 0)
    before = sum(
        os.readlink(f"/proc/self/fd/{n}").startswith("socket:")  # noqa: PTH115
        for n in os.listdir("/proc/self/fd")  # noqa: PTH208
        if os.path.exists(f"/proc/self/fd/{n}")  # noqa: PTH110
    )
    octets = os.read(reader, 100)
    os.close(reader)
    os.close(writer)
    assert set(octets[::2]) == {0}, "no thread"
    assert set(octets[1::2]) == {before - 2}, "the listening sockets are closed"
    names = sorted(path.name for path in short_folder.iterdir())
    assert names == [f"hub.{os.getpid()}.root", f"hub.{os.getpid()}.sock"]


def test_a_child_does_not_keep_the_address(short_folder: Path) -> None:
    """A child that lives on has libzmq's listening socket no more: the next start can bind."""
    make(short_folder / "keys")
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    settings = Settings("hub", short_folder / "run", interval=1, endpoint=endpoint,
                        curve_keys=short_folder / "keys/daemon")  # fmt: skip
    first, second = (Responder(settings, lambda at: []) for _ in range(2))
    requester = Requester(short_folder / "keys/reader")

    def has_answered() -> bool:
        return endpoint in requester.ask({endpoint: Request()}, 1.0).replies

    first.start()
    wait_for("it answers", has_answered)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        first.forget_in_child()
        os.read(reader, 1)
        os._exit(0)
    try:
        first.stop()
        second.start()
        wait_for("the next one answers", has_answered)
    finally:
        second.stop()
        requester.close()
        os.write(writer, b"x")
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


def test_a_child_that_works_is_a_daemon(consumer: Archiver, short_folder: Path) -> None:
    """At its first message it reports as itself, from zero; the parent's counts stay."""
    for _ in range(3):
        consumer.incoming.put({"topic": "t"})
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        consumer.incoming.put({"topic": "t"})
        threading.Thread(target=lambda: consumer._do_work(consumer.incoming.get())).start()
        os.read(reader, 1)
        os._exit(0)
    try:
        pattern = [f"{short_folder}/*.sock"]

        def reported() -> dict[int, tuple[int, int]]:
            fresh = latest(pattern, 30.0, time.time()).fresh
            return {
                origin.pid: (samples[-1].received, samples[-1].processed)
                for _, origin, samples in fresh
            }

        # What waited at the fork is its own as well: three, and the one that it was given.
        wait_for("both report", lambda: reported() == {os.getpid(): (3, 0), child: (4, 1)})
    finally:
        os.write(writer, b"x")
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
