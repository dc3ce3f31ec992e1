"""Serve framed requests on a unix socket, bounded in peers, bytes, time and processor.

A daemon's descriptors are its own business: connections are few, and where the process is at
its limit of open files one reserved descriptor still serves one reader at a time. One request
of a peer is answered at a time, and none while too many bytes are on their way. Readers of
different users take turns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..errors import HealthError
from ..protocol.sockets import pack
from ..protocol.wire import MAX_REQUEST
from .reader_connection import CREDIT, Connection, ProcessorBudget

#: Connections in all, and of one user; fewer where the limit of open files is low.
MAX_CONNECTIONS, MAX_PER_USER = 64, 16
#: The share of the limit of open files that connections may take.
FILES_SHARE = 16
#: Descriptors below the limit that stay free, but for one connection.
HEADROOM = 32
#: Seconds until a connection on which nothing moves is closed.
IDLE_SECONDS = 10.0
#: Bytes of replies that peers have not taken yet: of one user's peers, and of all together, at
#: which no other reply is made. Not all of them keep root's waiting.
MAX_USER_OUTPUT, MAX_OUTPUT = 1 << 19, 4 << 20
#: Seconds until another try to accept where no descriptor was to be had.
NO_FILES_SECONDS = 1.0
#: Connections accepted between two looks at the clock.
MAX_ACCEPTS = 8
_READ, _WRITE = select.POLLIN, select.POLLOUT


class Connections:
    """The listening socket and the readers on it; used by one thread.

    Args:
        poll: where descriptors are registered; its events come to ``handle``.
        answer: makes the reply to a request, both frames; HealthError and ValueError mean none.
    """

    def __init__(self, poll: Any, answer: Callable[[bytes], bytes]) -> None:
        self._poll = poll
        self._answer = answer
        self._listener: socket.socket | None = None
        self._readers: dict[int, Connection] = {}
        self._reserve: int | None = None
        self._paused = False
        self._retry = 0.0
        self._budget = ProcessorBudget()
        #: How often each user was answered lately.
        self._turns: Counter[int] = Counter()

    def listen(self, listener: socket.socket) -> None:
        """Serve this listening socket instead of the one before."""
        self.stop_listening()
        listener.setblocking(False)
        self._listener = listener
        self._poll.register(listener.fileno(), _READ)
        self._take_reserve()

    def stop_listening(self) -> None:
        """Close the listening socket; connections stay."""
        if self._listener is not None:
            if not self._paused:
                self._poll.unregister(self._listener.fileno())
            self._listener.close()
            self._listener, self._paused = None, False

    def close(self) -> None:
        """Close everything."""
        self.stop_listening()
        for number in list(self._readers):
            self._drop(number)
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def abandon(self) -> None:
        """Close what a forked child has of the parent's; nothing else is done there."""
        sockets = [reader.peer for reader in self._readers.values()]
        for inherited in [*sockets, *([] if self._listener is None else [self._listener])]:
            inherited.close()
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def timeout(self) -> float:
        """Return the seconds after which ``work`` should be called though nothing happened."""
        if self._answerable():
            return self._budget.wait()
        if self._paused:
            return NO_FILES_SECONDS
        return IDLE_SECONDS / 2 if self._readers else 3600.0

    def rest(self) -> float:
        """Return the seconds for which nothing should be looked at: readers took too much."""
        return self._budget.wait(CREDIT / 10)

    def handle(self, number: int, event: int) -> None:
        """Do what a descriptor's event asks for; unknown ones are passed by."""
        began = time.thread_time()
        if self._listener is not None and number == self._listener.fileno():
            self._accept()
        elif number in self._readers:
            self._move(number, event)
        self._budget.spend(began)

    def work(self) -> None:
        """Answer one request, if any may be answered now; drop whoever is idle."""
        now = time.monotonic()
        idle = [n for n, reader in self._readers.items() if now - reader.moved > IDLE_SECONDS]
        for number in idle:
            self._drop(number)
        if self._paused and now >= self._retry:
            self._resume()
        waiting = self._answerable()
        if not waiting or self._budget.left() <= 0:
            return
        if sum(self._turns.values()) > 1000:
            self._turns.clear()
        number = min(waiting, key=lambda n: self._turns[self._readers[n].user])
        began = time.thread_time()
        self._reply(number)
        self._budget.spend(began)

    def _answerable(self) -> list[int]:
        """Return the descriptors of those whose request may be answered now."""
        output: Counter[int] = Counter()
        for reader in self._readers.values():
            output[reader.user] += len(reader.output)
        full = sum(output.values()) >= MAX_OUTPUT
        return [
            number for number, reader in self._readers.items()
            if reader.request is not None and output[reader.user] < MAX_USER_OUTPUT
            and not (full and reader.user)
        ]  # fmt: skip

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(MAX_ACCEPTS):
            try:
                peer, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    if self._reserve is None:
                        self._pause()
                        return
                    # The reserved descriptor serves this reader; it is taken again after it.
                    os.close(self._reserve)
                    self._reserve = None
                    continue
                if error.errno not in (errno.ECONNABORTED, errno.EINTR):
                    self._pause()
                    return
                continue
            self._admit(peer)

    def _admit(self, peer: socket.socket) -> None:
        try:
            reader = Connection(peer, time.monotonic())
        except OSError:
            peer.close()
            return
        if not self._has_room(reader):
            peer.close()
            self._take_reserve()
            return
        peer.setblocking(False)
        self._readers[peer.fileno()] = reader
        self._poll.register(peer.fileno(), _READ)

    def _has_room(self, reader: Connection) -> bool:
        """Return whether one more reader leaves the daemon its descriptors, and others theirs."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MAX_CONNECTIONS
        if soft != resource.RLIM_INFINITY:
            most = max(2, min(MAX_CONNECTIONS, soft // FILES_SHARE))
            if reader.peer.fileno() >= soft - HEADROOM and self._readers:
                return False
        users = Counter(known.user for known in self._readers.values())
        if users[reader.user] >= max(1, most * MAX_PER_USER // MAX_CONNECTIONS):
            return False
        # Not root's: what reads for the host's monitoring is never kept out by others.
        return not reader.user or sum(count for user, count in users.items() if user) < most

    def _move(self, number: int, event: int) -> None:
        reader = self._readers[number]
        try:
            if event & _WRITE:
                self._send(number, reader)
            elif event & _READ:
                octets = reader.peer.recv(MAX_REQUEST + 4)
                if not octets:
                    self._drop(number)
                    return
                reader.moved = time.monotonic()
                reader.unpacker.feed(octets)
                self._next_request(number, reader)
            elif event:
                self._drop(number)
        except (OSError, HealthError) as error:
            if not isinstance(error, BlockingIOError):
                self._drop(number)

    def _next_request(self, number: int, reader: Connection) -> None:
        """Wait for the peer's next request, or stop reading until the one that came is answered."""
        reader.request = reader.unpacker.take()
        self._poll.modify(number, _READ if reader.request is None else 0)

    def _reply(self, number: int) -> None:
        reader = self._readers[number]
        request, reader.request = reader.request, None
        self._turns[reader.user] += 1
        try:
            reader.output = memoryview(pack(self._answer(request or b"")))
        except (HealthError, ValueError):
            self._drop(number)  # it does not speak the protocol
            return
        try:
            self._send(number, reader)
        except BlockingIOError:
            self._poll.modify(number, _WRITE)
        except (OSError, HealthError):
            self._drop(number)

    def _send(self, number: int, reader: Connection) -> None:
        while reader.output:
            sent = reader.peer.send(reader.output, socket.MSG_NOSIGNAL)
            reader.output = reader.output[sent:]
            reader.moved = time.monotonic()
        reader.output = memoryview(b"")
        self._next_request(number, reader)

    def _drop(self, number: int) -> None:
        reader = self._readers.pop(number)
        with contextlib.suppress(KeyError, OSError):
            self._poll.unregister(number)
        reader.peer.close()
        self._take_reserve()
        if self._paused:
            self._resume()

    def _pause(self) -> None:
        """Look no more at the listening socket for a while: no descriptor is to be had."""
        if self._listener is not None and not self._paused:
            self._poll.unregister(self._listener.fileno())
            self._paused = True
        self._retry = time.monotonic() + NO_FILES_SECONDS

    def _resume(self) -> None:
        self._take_reserve()
        if self._listener is not None and self._paused:
            self._poll.register(self._listener.fileno(), _READ)
            self._paused = False

    def _take_reserve(self) -> None:
        if self._reserve is None:
            with contextlib.suppress(OSError):
                self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
