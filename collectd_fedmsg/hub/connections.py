"""Serve framed requests of readers, bounded in peers, bytes, time and processor.

Root's readers have a separate listening socket and processor budget, and are answered first, so no
number of other readers keeps them waiting. One request of a peer is answered at a time, and none
while too many bytes are on their way; users take turns. ``admission`` decides which connections are
accepted.
"""

from __future__ import annotations

import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable

from ..errors import HealthError
from ..protocol.sockets import pack
from ..protocol.wire import MAX_REQUEST
from .admission import closed_for, first_to_go, limits
from .doors import NO_FILES_SECONDS, Doors
from .polls import Level, Polls
from .reader_connection import Connection, ProcessorBudget

#: Seconds for a whole request to come, or a whole reply to be taken, however steadily it drips.
STEP_SECONDS = 10.0
#: Bytes of replies that peers have not taken yet: of one user's peers, and of all together, at
#: which no other reply is made. Not all of them keep root's waiting.
MAX_USER_OUTPUT, MAX_OUTPUT = 1 << 19, 4 << 20
#: The share of a core that root's readers may take, all others may, and seconds of it at once.
ROOT_SHARE, ROOT_CREDIT = 0.1, 1.0
OTHERS_SHARE, OTHERS_CREDIT = 0.08, 0.2
#: Seconds for which others are not looked at, at least, once they took their share.
MIN_REST = 0.05
#: Answers after which the turns of users begin again.
MAX_TURNS = 1000
_READ, _WRITE = select.POLLIN, select.POLLOUT


class Connections:
    """The readers of one daemon; used by one thread.

    Args:
        polls: where descriptors are registered; their events come to ``serve``.
        answer: makes the reply to a request, both frames; HealthError and ValueError mean none.
    """

    def __init__(self, polls: Polls, answer: Callable[[bytes], bytes]) -> None:
        self._polls = polls
        self._answer = answer
        self._doors = Doors(polls)
        self._readers: dict[int, Connection] = {}
        self._root = ProcessorBudget(ROOT_SHARE, ROOT_CREDIT)
        self._others = ProcessorBudget(OTHERS_SHARE, OTHERS_CREDIT)
        #: How often each user was answered lately.
        self._turns: Counter[int] = Counter()

    def listen(self, public: socket.socket, root: socket.socket) -> None:
        """Serve these listening sockets instead of the earlier ones; ``root``: for root alone."""
        self._doors.open(public, root)

    def close(self) -> None:
        """Close everything."""
        for number in list(self._readers):
            self._drop(number)
        self._doors.close()

    def abandon(self) -> None:
        """Close what a forked child has of the parent's; nothing else is done there."""
        for reader in self._readers.values():
            reader.peer.close()
        self._doors.abandon()

    def patience(self) -> tuple[Level, float]:
        """Return the level to wait for, and after how many seconds to call ``serve`` anyway."""
        for budget, level in ((self._root, Level.OWN), (self._others, Level.ROOT)):
            rest = budget.wait()
            if rest > 0:
                return level, max(rest, MIN_REST)
        if self._next() is not None:
            return Level.TCP, 0.0
        if self._doors.closed_for_now:
            return Level.TCP, NO_FILES_SECONDS
        return Level.TCP, STEP_SECONDS / 2 if self._readers else 3600.0

    def serve(self, events: Iterable[tuple[int, int]], began: float) -> None:
        """Do what the events ask for, and answer one request.

        Peers come before newcomers: who has left makes room. The turn is charged to root's budget
        when only root took part, to the others' otherwise.

        Args:
            events: of any descriptors; unknown ones are passed by.
            began: this thread's processor time when the turn began.
        """
        levels = set()
        newcomers = []
        for number, event in events:
            level = self._doors.level(number)
            if level is not None:
                levels.add(level)
                newcomers.append(number)
            elif number in self._readers:
                levels.add(_level(self._readers[number]))
                self._move(number, event)
        self._drop_late(time.monotonic())
        for number in newcomers:
            for peer in self._doors.accept(number, self._make_room):
                self._admit(peer)
        waiting = self._next()
        if waiting is not None:
            levels.add(_level(self._readers[waiting]))
            self._reply(waiting)
        (self._root if levels == {Level.ROOT} else self._others).spend(began)

    def _next(self) -> int | None:
        """Return the descriptor of the connection to answer next: root's, then users in turn."""
        output: Counter[int] = Counter()
        for reader in self._readers.values():
            output[reader.user] += len(reader.output)
        others = output.total() < MAX_OUTPUT and self._others.wait() <= 0
        waiting = [
            (not reader.root, self._turns[reader.user], number)
            for number, reader in self._readers.items()
            if reader.request is not None
            and output[reader.user] < MAX_USER_OUTPUT
            and (reader.root or others)
        ]
        return min(waiting)[2] if waiting else None

    def _drop_late(self, now: float) -> None:
        for number, reader in list(self._readers.items()):
            if reader.request is None and now - reader.began > STEP_SECONDS:
                self._drop(number)
        self._doors.look_again(now)

    def _make_room(self, level: Level) -> bool:
        reader = first_to_go(self._readers.values(), time.monotonic(), for_root=level == Level.ROOT)
        if reader is not None:
            self._drop(reader.peer.fileno())
        return reader is not None

    def _admit(self, peer: socket.socket) -> None:
        number = peer.fileno()
        try:
            reader = Connection(peer, time.monotonic())
            peer.setblocking(False)
        except OSError:
            closing = None
        else:
            soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            most = limits(None if soft == resource.RLIM_INFINITY else soft, number)
            closing = closed_for(reader, self._readers.values(), most, reader.began)
        if closing is None:
            peer.close()
            self._doors.freed()
            return
        for other in closing:
            self._drop(other.peer.fileno())
        self._readers[number] = reader
        self._polls.register(number, _READ, _level(reader))

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
                reader.unpacker.feed(octets)
                self._next_request(number, reader)
            elif event:
                self._drop(number)
        except (OSError, HealthError) as error:
            if not isinstance(error, BlockingIOError):
                self._drop(number)

    def _next_request(self, number: int, reader: Connection) -> None:
        """Wait for the peer's next request; read no further while one waits for its answer."""
        reader.request = reader.unpacker.take()
        self._polls.register(number, _READ if reader.request is None else 0, _level(reader))

    def _reply(self, number: int) -> None:
        reader = self._readers[number]
        request, reader.request, reader.answered = reader.request, None, True
        reader.began = time.monotonic()
        if self._turns.total() > MAX_TURNS:
            self._turns.clear()
        self._turns[reader.user] += 1
        try:
            reader.output = memoryview(pack(self._answer(request or b"")))
            self._send(number, reader)
        except BlockingIOError:
            self._polls.register(number, _WRITE, _level(reader))
        except (OSError, HealthError, ValueError):
            self._drop(number)  # it has left, or does not speak the protocol

    def _send(self, number: int, reader: Connection) -> None:
        while reader.output:
            sent = reader.peer.send(reader.output, socket.MSG_NOSIGNAL)
            reader.output = reader.output[sent:]
        reader.output = memoryview(b"")
        reader.began = time.monotonic()
        self._next_request(number, reader)

    def _drop(self, number: int) -> None:
        reader = self._readers.pop(number)
        self._polls.unregister(number)
        reader.peer.close()
        self._doors.freed()


def _level(reader: Connection) -> Level:
    return Level.ROOT if reader.root else Level.LOCAL
