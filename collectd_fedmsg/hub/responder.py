"""One thread inside the daemon: takes a sample each interval and answers readers in between.

It has its own thread, so a hub whose reactor is blocked still reports. It never raises into the
daemon, and no exception ends it: what cannot be served is one log line, and is tried again.
A sample that is due comes before any answer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket as sockets
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ..errors import described
from ..protocol import wire
from ..protocol.about import About
from ..protocol.roster import Roster
from ..protocol.sample import Sample
from .ring import Ring
from .server import Server
from .settings import Settings
from .stacks import Sampler

log = logging.getLogger("collectd_fedmsg")
Answer = TypeVar("Answer", Roster, About)
#: Seconds that stop() waits for the thread.
STOP_SECONDS = 1.0
#: Seconds until it serves again after an exception.
REVIVE_SECONDS = 1.0
#: Different exceptions that are logged, once each.
MAX_LOGGED = 50


class Responder:
    """Take a sample of everything each interval and answer requests in between.

    Args:
        settings: where to listen, how often to sample.
        take: returns one sample per consumer for a wall time; called on this thread only.
        tell: returns who works in the daemon now; called for each answer.
        sampler: looks at stacks when it is time; None: nobody does.
        about: returns what is known of the code and the slowest messages; called for each answer.
    """

    def __init__(
        self,
        settings: Settings,
        take: Callable[[float], Sequence[Sample]],
        tell: Callable[[], Roster] = Roster,
        sampler: Sampler | None = None,
        about: Callable[[], About] = About,
    ) -> None:
        self._settings = settings
        self._take = take
        self._tell = tell
        self._sampler = sampler
        self._about = about
        self._thread: threading.Thread | None = None
        self._wake = (-1, -1)
        self._server: Server | None = None
        self._logged: set[str] = set()

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
        self._wake = os.pipe()
        self._thread = threading.Thread(
            target=self._run, args=self._wake, name="collectd_fedmsg", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread within a second; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with contextlib.suppress(OSError):
            os.write(self._wake[1], b"x")
        thread.join(STOP_SECONDS)

    def forget_in_child(self) -> None:
        """Let go of the parent's descriptors after a fork; takes no lock, starts and logs nothing.

        A child that has the parent's listening sockets open would keep them alive unanswered.
        """
        thread, self._thread = self._thread, None
        server, self._server = self._server, None
        if thread is not None:
            close_quietly(self._wake)
            if server is not None:
                server.abandon()

    def serve_in_child(self) -> None:
        """Begin a run in a forked child that turned out to work as a daemon."""
        if self._thread is None:
            self.start()
            log.info("%s: a forked child works here, health reports of pid %d are on",
                     self._settings.service, self._origin.pid)  # fmt: skip

    def _run(self, reader: int, writer: int) -> None:
        try:
            stop = select.poll()  # not select(2), which knows no descriptor above 1,023
            stop.register(reader, select.POLLIN)
            while not self._serve(reader):
                if stop.poll(REVIVE_SECONDS * 1000):
                    return
        finally:
            close_quietly((reader, writer))

    def _serve(self, reader: int) -> bool:
        """Serve until told to stop; return False when an exception came in between."""
        try:
            self._server = Server(self._settings, self._origin.pid, self._answer)
            self._server.watch_for_stop(reader)
            self._loop(self._server)
        except BaseException as error:
            self._log_once(error, "health reports begin again, the daemon goes on")
            return False
        finally:
            server, self._server = self._server, None
            if server is not None:
                try:
                    server.close()
                except BaseException as error:
                    self._log_once(error, "a socket is not closed")
        return True

    def _loop(self, server: Server) -> None:
        server.open()
        interval = self._settings.interval
        while True:
            now = time.time()
            due = self._last + interval - now
            if due <= 0 or due > 2 * interval:
                # Late or the wall clock was set back: the tick that has passed, or this one.
                self._last = _floor(now, interval)
                self._sample(self._last)
                server.repair()
                continue
            if self._sampler is not None:
                due = min(due, self._look(self._sampler))
            if not server.turn(due):
                return

    def _sample(self, at: float) -> None:
        try:
            self._ring.add(self._take(at))
        except BaseException as error:
            self._log_once(error, f"no sample at {at:.0f}")

    def _look(self, sampler: Sampler) -> float:
        """Look at stacks; return the seconds until that is due again."""
        try:
            sampler.look()
            return sampler.due()
        except BaseException as error:
            self._sampler = None
            self._log_once(error, "stacks are looked at no more")
            return float("inf")

    def _answer(self, frame: bytes) -> bytes:
        request = wire.decode_request(frame)
        after = request.after if request.run == self._origin.run else None
        page = self._ring.after(after)
        roster = self._asked(self._tell, Roster(), "consumers and producers are not reported")
        about = self._asked(self._about, About(), "versions and slow messages are not reported")
        return wire.encode_reply(self._origin, time.time(), time.monotonic(), page, roster, about)

    def _asked(self, ask: Callable[[], Answer], nothing: Answer, failure: str) -> Answer:
        """Return what the daemon's own lists say, of whatever shape; without an answer nothing."""
        try:
            return ask()
        except BaseException as error:
            self._log_once(error, failure)
            return nothing

    def _log_once(self, error: BaseException, what: str) -> None:
        kind = described(error)
        if kind not in self._logged and len(self._logged) < MAX_LOGGED:
            self._logged.add(kind)
            log.error("%s: %s", self._settings.service, what, exc_info=error)


def _floor(now: float, interval: int) -> float:
    return float(now // interval * interval)


def close_quietly(descriptors: Iterable[int]) -> None:
    """Close descriptors by number, whatever has become of them."""
    for number in descriptors:
        with contextlib.suppress(OSError):
            os.close(number)
