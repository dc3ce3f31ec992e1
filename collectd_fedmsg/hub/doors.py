"""The listening sockets of a daemon: accept readers, also at the limit of open files.

There are two: one for the readers' group, and one for root alone, so that no other reader delays
root's. One reserved descriptor serves one reader at a time where the process has no other left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .polls import Level, Polls

#: Seconds until another try to accept where no descriptor was to be had.
NO_FILES_SECONDS = 1.0
#: Connections accepted at a door in one turn.
MAX_ACCEPTS = 8


@dataclass
class Door:
    """A listening socket; ``retry``: when it is looked at again (monotonic), None: it is now."""

    listener: socket.socket
    level: Level
    retry: float | None = None


class Doors:
    """The listening sockets, and a descriptor in reserve; used by one thread."""

    def __init__(self, polls: Polls) -> None:
        self._polls = polls
        self._doors: dict[int, Door] = {}
        self._reserve: int | None = None

    def open(self, public: socket.socket, root: socket.socket) -> None:
        """Accept from these listening sockets instead of the ones before."""
        self.close()
        for listener, level in ((root, Level.ROOT), (public, Level.LOCAL)):
            listener.setblocking(False)
            self._doors[listener.fileno()] = Door(listener, level)
            self._polls.register(listener.fileno(), select.POLLIN, level)
        self._take_reserve()

    def close(self) -> None:
        """Close the listening sockets and the reserved descriptor."""
        for number in self._doors:
            self._polls.unregister(number)
        self.abandon()

    def abandon(self) -> None:
        """Close what a forked child has of the parent's."""
        for door in self._doors.values():
            door.listener.close()
        self._doors = {}
        self._release_reserve()

    def level(self, number: int) -> Level | None:
        """Return the level of a door by its descriptor, None for another descriptor."""
        door = self._doors.get(number)
        return None if door is None else door.level

    @property
    def closed_for_now(self) -> bool:
        """Whether a door is not looked at because no descriptor is free."""
        return any(door.retry is not None for door in self._doors.values())

    def accept(self, number: int, make_room: Callable[[Level], bool]) -> Iterator[socket.socket]:
        """Yield the connections accepted at a door.

        Args:
            make_room: closes another reader's connection for one who comes in at a door of this
                level; returns whether there was one to close.
        """
        door = self._doors[number]
        for _ in range(MAX_ACCEPTS):
            try:
                peer, _ = door.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.ECONNABORTED, errno.EINTR):
                    continue
                full = error.errno in (errno.EMFILE, errno.ENFILE)
                if full and (self._release_reserve() or make_room(door.level)):
                    continue
                door.retry = time.monotonic() + NO_FILES_SECONDS
                self._polls.unregister(number)
                return
            yield peer

    def freed(self) -> None:
        """After a connection was closed: reserve a descriptor again and look at every door."""
        self.look_again(float("inf"))

    def look_again(self, now: float) -> None:
        """Look again at the doors whose time has come."""
        self._take_reserve()
        for number, door in self._doors.items():
            if door.retry is not None and now >= door.retry:
                self._polls.register(number, select.POLLIN, door.level)
                door.retry = None

    def _take_reserve(self) -> None:
        if self._reserve is None and self._doors:
            with contextlib.suppress(OSError):
                self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _release_reserve(self) -> bool:
        number, self._reserve = self._reserve, None
        if number is not None:
            os.close(number)
        return number is not None
