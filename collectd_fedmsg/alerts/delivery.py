"""Deliver notices from the outbox: one thread per output, with retries until accepted.

Delivery is at least once: if the process is killed after the receiver accepted a notice and before
that is recorded, the notice is sent again with the same id. Refuses to let one output, or one
notice, delay another, and to end by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..bounded_log import BoundedLog
from ..errors import StoreError, described
from .outbox import OutboxEntry
from .outputs import NotTaken, Output, Refused, opened, send
from .state_db import AlertDatabase

#: Seconds; the longest pause between two attempts.
MAX_PAUSE = 300.0
#: Seconds; the longest wish of a receiver to be left alone that is granted.
MAX_ASKED = 3600.0
#: Seconds between looks into the outbox when nobody wakes us.
LOOK_SECONDS = 5.0
#: Attempts before a notice is given up for its age: a clock may have been wrong when it was made.
MIN_ATTEMPTS = 3
_log = logging.getLogger(__name__)
Payload = Mapping[str, Any]


class NotNoted(StoreError):  # noqa: N818 - what happened
    """A notice was accepted or given up, and the database cannot record that."""


def pause(attempts: int, name: str, asked: float = 0.0) -> float:
    """Return seconds until the next attempt: doubled each time, up to a fifth more by the id.

    ``asked`` is the receiver's own wish, at most an hour of which is granted.
    """
    spread = 1 + int(name[:4], 16) / 0xFFFF / 5
    return max(min(asked, MAX_ASKED), min(MAX_PAUSE, 2.0 ** min(attempts, 20)) * spread)


def deliver(
    database: AlertDatabase, output: Output, entry: OutboxEntry, now: float, give_up_after: float
) -> bool:
    """Try one entry once and note how it went; return whether nothing is left to do for it.

    Args:
        database, output, entry: where from, where to, what.
        now: epoch seconds.
        give_up_after: seconds after which an old notice is of no use any more.

    Raises:
        NotNoted: it is done, but that could not be noted.
        StoreError: it is to be tried again, and that could not be noted.
    """
    text = ""
    try:
        send(output, entry.payload)
    except NotTaken as error:
        too_old = now - entry.created > give_up_after and entry.attempts + 1 >= MIN_ATTEMPTS
        if not too_old and not isinstance(error, Refused):
            _retry(database, entry, error, now)
            return False
        text = f"given up: {error}"
        _log.error("%s: notice %s %s", entry.output, entry.id, text)
    try:
        database.sent(entry.serial, now, text)
    except StoreError as error:
        raise NotNoted(str(error)) from error
    return True


def _retry(database: AlertDatabase, entry: OutboxEntry, error: NotTaken, now: float) -> None:
    wait = pause(entry.attempts, entry.id, error.after)
    _log.warning("%s: notice %s, again in %.0f s: %s", entry.output, entry.id, wait, error)
    left = {**entry.payload, "recipients": list(error.recipients)}
    database.failed(entry.serial, now + wait, str(error), left if error.recipients else None)


def seconds_left(entry: OutboxEntry, now: float) -> float:
    """Return seconds until an entry may be tried; never more than its pause.

    Its ``due`` was written by a clock that may have been set back since.
    """
    left = entry.due - now
    if not entry.attempts or left <= 0:
        return 0.0
    return 0.0 if left > MAX_ASKED else left


class OutboxWorker(threading.Thread):
    """The thread of one output; where it is not started, ``carry`` delivers on the caller's thread.

    Args:
        name, settings: of the output.
        path: the evaluator's file.
        current: returns the payload of what is open now, for outputs that are refreshed.
        output: where to send; opened by the settings when None.
    """

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        path: Path,
        current: Callable[[], Payload | None],
        output: Output | None = None,
    ) -> None:
        super().__init__(name=f"output {name}", daemon=True)
        self.settings = dict(settings)
        self._name, self._path, self._current = name, path, current
        self._awake, self._ended = threading.Event(), threading.Event()
        #: Monotonic seconds of the last refresh; None: it is due.
        self._refreshed: float | None = None
        self._database: AlertDatabase | None = None
        self._output = output
        #: Entries that the receiver has taken and the database does not know of.
        self._unnoted: set[int] = set()
        #: Attempts in a row that were not taken: the output as a whole rests then.
        self._failures = 0
        self._complaints = BoundedLog()

    def wake(self, refresh: bool = False) -> None:
        """Look into the outbox now; with ``refresh`` also send what is open now."""
        if refresh:
            self._refreshed = None
        self._awake.set()

    def stop(self) -> None:
        """End after the attempt that runs."""
        self._ended.set()
        self._awake.set()

    @property
    def stopped(self) -> bool:
        """Return whether it was asked to end."""
        return self._ended.is_set()

    def run(self) -> None:
        """Deliver until stopped; failures are logged at a bounded rate, and followed by a pause."""
        while not self._ended.is_set():
            try:
                wait = self.turn(time.time())
            except BaseException as error:  # also what a library raises to end its thread
                self._complain(error)
                wait = LOOK_SECONDS
            if self._failures:
                # Only a stop ends this pause: what is new need not be tried before.
                self._ended.wait(wait)
            else:
                self._awake.wait(wait)
            self._awake.clear()
        if self._database is not None:
            self._database.close()

    def carry(self, now: float) -> None:
        """Send what is due at ``now`` (epoch seconds) until something is not taken."""
        try:
            while self.turn(now) <= 0:
                pass
        except StoreError as error:
            self._complain(error)

    def turn(self, now: float) -> float:
        """Do what is due at ``now`` (epoch seconds); return seconds to sleep."""
        self._database = self._database or AlertDatabase(self._path)
        self._output = self._output or opened(self.settings)
        self._note(self._database, now)
        entry = self._database.next_entry(self._name)
        wait = LOOK_SECONDS if entry is None else min(LOOK_SECONDS, seconds_left(entry, now))
        if entry is not None and wait <= 0:
            return self._attempt(self._database, self._output, entry, now)
        self._refresh(self._output)
        refresh = self.settings.get("refresh")
        return max(0.05, min(wait, refresh or wait))

    def _attempt(
        self, database: AlertDatabase, output: Output, entry: OutboxEntry, now: float
    ) -> float:
        done = False
        try:
            done = deliver(database, output, entry, now, self.settings["give_up_after"])
        except NotNoted as error:
            # Without this it would be sent again at every turn.
            self._unnoted.add(entry.serial)
            self._complain(error)
            return LOOK_SECONDS
        except StoreError as error:
            self._complain(error)
        self._failures = 0 if done else self._failures + 1
        return 0.0 if done else min(MAX_PAUSE, 2.0 ** min(self._failures - 1, 10))

    def _note(self, database: AlertDatabase, now: float) -> None:
        """Note what was taken earlier; while that fails nothing is sent.

        Raises:
            StoreError: it still cannot be noted.
        """
        while self._unnoted:
            serial = next(iter(self._unnoted))
            database.sent(serial, now)
            self._unnoted.discard(serial)

    def _refresh(self, output: Output) -> None:
        """Send what is open now, when that is due."""
        every, now = self.settings.get("refresh"), time.monotonic()
        if not every or (self._refreshed is not None and now - self._refreshed < every):
            return
        self._refreshed = now
        body = self._current()
        if body is None:
            return
        try:
            send(output, body)
        except NotTaken as error:
            self._complain(error)

    def _complain(self, error: BaseException) -> None:
        text = f"{self._name}: {described(error)}"
        for line in self._complaints.lines(text, text, time.monotonic()):
            _log.error("%s", line)
