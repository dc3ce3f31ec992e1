"""EDGE zmq, daemon side: one thread that samples on time and answers readers.

It has its own thread and zmq context, so a hub whose reactor is blocked still reports. It
never raises into the daemon: what cannot be served is one log line, and the daemon runs on.
"""

from __future__ import annotations

import logging
import os
import socket as sockets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from ..errors import HealthError
from ..protocol import wire
from ..protocol.roster import Roster
from ..protocol.sample import Sample
from . import listener as endpoints
from .ring import Ring
from .settings import Settings

log = logging.getLogger("collectd_fedmsg")
#: Requests answered between two looks at the clock, so that a mad peer cannot delay a sample.
BURST = 64
#: Seconds that stop() waits for the thread.
GRACE = 1.0


class Responder:
    """Take a sample of everything each interval and answer requests in between.

    Args:
        settings: where to listen, how often to sample.
        take: returns one sample per consumer for a wall time; called on this thread only.
        tell: returns who works in the daemon now; called for each answer.
    """

    def __init__(
        self,
        settings: Settings,
        take: Callable[[float], Sequence[Sample]],
        tell: Callable[[], Roster] = Roster,
    ) -> None:
        self._settings = settings
        self._take = take
        self._tell = tell
        self._thread: threading.Thread | None = None
        self._wake = -1

    def start(self) -> None:
        """Start the thread; it begins with a sample of the moment before anything was counted."""
        interval = self._settings.interval
        self._origin = wire.Origin(
            service=self._settings.service,
            host=sockets.gethostname(),
            pid=os.getpid(),
            run=uuid.uuid4().hex,
            started=round(time.time(), 3),
            interval=interval,
        )
        self._ring = Ring(rounds=max(1, self._settings.history // interval))
        # Nothing was counted before the start, so the last tick's totals are known: zero.
        self._last = _floor(time.time(), interval)
        self._sample(self._last)
        reader, self._wake = os.pipe()
        self._thread = threading.Thread(
            target=self._run, args=(reader, self._wake), name="collectd_fedmsg", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread within a second; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            os.write(self._wake, b"x")
        except OSError as error:
            log.debug("already stopped: %s", error)
        thread.join(GRACE)

    def restart_in_child(self) -> None:
        """Begin a new run after fork: threads and sockets stayed with the parent."""
        if self._thread is not None:
            os.close(self._wake)
            self.start()

    def _run(self, reader: int, writer: int) -> None:
        context = zmq.Context(io_threads=1)
        served = endpoints.Served(context, self._settings, self._origin.pid)
        try:
            self._serve(served, reader)
        except Exception:
            log.exception("%s: health reports stop, the daemon goes on", self._settings.service)
        finally:
            served.close()
            context.destroy(linger=0)
            os.close(reader)
            if self._wake == writer:
                os.close(writer)

    def _serve(self, served: endpoints.Served, reader: int) -> None:
        poller = zmq.Poller()
        poller.register(reader, zmq.POLLIN)
        for socket in served.open():
            poller.register(socket, zmq.POLLIN)
        while True:
            now = time.time()
            due = self._last + self._settings.interval - now
            if due <= 0 or due > 2 * self._settings.interval:
                # Late or the wall clock was set back: the tick that has passed, or this one.
                self._tick(_floor(now, self._settings.interval))
                continue
            ready = dict(poller.poll(max(1, int(due * 1000) + 1)))
            if reader in ready:
                return
            for socket in ready:
                self._answer_all(socket)

    def _tick(self, at: float) -> None:
        self._last = at
        self._sample(at)

    def _sample(self, at: float) -> None:
        try:
            self._ring.add(self._take(at))
        except Exception:
            log.exception("%s: no sample at %s", self._settings.service, at)

    def _answer_all(self, socket: Any) -> None:
        for _ in range(BURST):
            try:
                *envelope, frame = socket.recv_multipart(zmq.NOBLOCK)
                socket.send_multipart([*envelope, self._answer(frame)], zmq.NOBLOCK)
            except zmq.Again:
                return
            except (zmq.ZMQError, HealthError, ValueError) as error:
                log.debug("a request is not answered: %s", error)

    def _answer(self, frame: bytes) -> bytes:
        request = wire.decode_request(frame)
        after = request.after if request.run == self._origin.run else None
        page = self._ring.after(after)
        return wire.encode_reply(self._origin, time.time(), time.monotonic(), page, self._told())

    def _told(self) -> Roster:
        try:
            return self._tell()
        except Exception as error:
            # The daemon's own lists, of whatever shape: what cannot be read is not told.
            log.debug("who works here is not told: %s", error)
            return Roster()


def _floor(now: float, interval: int) -> float:
    return float(now // interval * interval)
