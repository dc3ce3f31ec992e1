"""Everything a daemon listens on: its socket file, and TCP where configured.

Opens what it can, says once what it cannot, and tries that again.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable

import zmq

from .connections import Connections
from .settings import Settings
from .socket_file import SocketFile, remove_stale
from .tcp_socket import WATCH_SECONDS, TcpSocket

log = logging.getLogger("collectd_fedmsg")
#: Samples between two removals of what dead processes of this service left.
STALE_ROUNDS = 30


class Server:
    """The sockets of one daemon; used by one thread.

    Args:
        pid: the daemon's, for the socket file's name.
        answer: makes the reply to a request, both frames.
    """

    def __init__(self, settings: Settings, pid: int, answer: Callable[[bytes], bytes]) -> None:
        self._settings = settings
        self._answer = answer
        self._poll = select.poll()
        self._stop = select.poll()
        self._stop_number = -1
        self._file = SocketFile(settings, pid)
        self._connections = Connections(self._poll, answer)
        self._tcp: TcpSocket | None = None
        self._tcp_descriptors: list[int] = []
        self._tcp_more = False
        #: What was logged last of each address that could not be opened.
        self._said: dict[str, str] = {}
        self._rounds = 0

    def watch_for_stop(self, descriptor: int) -> None:
        """Let ``turn`` return False once this descriptor can be read."""
        self._stop_number = descriptor
        for poll in (self._poll, self._stop):
            poll.register(descriptor, select.POLLIN)

    def open(self) -> None:
        """Open what is configured."""
        self._open_file()
        if self._settings.endpoint:
            self._open_tcp()

    def repair(self) -> None:
        """Make the socket file again if it is gone; called after each sample."""
        self._rounds += 1
        if self._file.lost():
            self._open_file()
        elif self._rounds % STALE_ROUNDS == 0:
            remove_stale(self._settings.run_folder, self._settings.service)
        if self._settings.endpoint and self._tcp is None:
            self._open_tcp()

    def turn(self, seconds: float) -> bool:
        """Wait at most this long, then do a little; return False when told to stop."""
        wait = min(seconds, self._connections.timeout())
        if self._tcp is not None:
            wait = 0.0 if self._tcp_more else min(wait, WATCH_SECONDS)
        rest = self._connections.rest()
        if rest > 0:
            return not self._stop.poll(_milliseconds(min(rest, seconds)))
        for number, event in self._poll.poll(_milliseconds(wait)):
            if number == self._stop_number:
                return False
            if number not in self._tcp_descriptors:
                self._connections.handle(number, event)
        self._connections.work()
        if self._tcp is not None:
            self._tcp_more = self._tcp.serve(self._answer)
        return True

    def abandon(self) -> None:
        """Close what a forked child has of the parent's listening sockets; takes no lock."""
        self._connections.abandon()
        if self._tcp is not None:
            self._tcp.abandon()

    def close(self) -> None:
        """Close all and remove the socket file."""
        self._file.remove()
        self._connections.close()
        if self._tcp is not None:
            self._tcp.close()

    def _open_file(self) -> None:
        try:
            self._connections.listen(self._file.open())
        except (OSError, KeyError, ValueError) as error:
            self._say("file", str(self._file.path), error, "is the folder there and ours to write?")
            return
        if self._said.pop("file", ""):
            log.warning("health reports are at %s", self._file.path)

    def _open_tcp(self) -> None:
        tcp = None
        try:
            tcp = TcpSocket(self._settings)
            tcp.bind()
        except (OSError, zmq.ZMQError, KeyError, ValueError) as error:
            if tcp is not None:
                tcp.close()
            advice = "is the address free, are the keys there?"
            self._say("tcp", str(self._settings.endpoint), error, advice)
            return
        self._tcp = tcp
        self._tcp_descriptors = tcp.descriptors()
        for number in self._tcp_descriptors:
            self._poll.register(number, select.POLLIN)

    def _say(self, kind: str, where: str, error: Exception, advice: str) -> None:
        line = f"no health reports at {where}: {type(error).__name__}: {error} ({advice})"
        if line != self._said.get(kind):
            self._said[kind] = line
            log.error("%s", line)


def _milliseconds(seconds: float) -> int:
    return max(0, min(3_600_000, int(seconds * 1000) + (seconds > 0)))
