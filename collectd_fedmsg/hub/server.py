"""Everything a daemon listens on: its socket file, and TCP where configured.

Opens what it can; logs once what it cannot open, and tries again.
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable

from ..errors import described
from .connections import OTHERS_CREDIT, OTHERS_SHARE, Connections
from .polls import Level, Polls
from .reader_connection import ProcessorBudget
from .settings import Settings
from .socket_file import SocketFiles, remove_stale
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
        self._polls = Polls()
        self._stop_number = -1
        self._file = SocketFiles(settings, pid)
        self._connections = Connections(self._polls, answer)
        self._tcp: TcpSocket | None = None
        self._tcp_budget = ProcessorBudget(OTHERS_SHARE, OTHERS_CREDIT)
        self._tcp_more = False
        #: What was logged last of each address that could not be opened.
        self._logged: dict[str, str] = {}
        self._rounds = 0

    def watch_for_stop(self, descriptor: int) -> None:
        """Let ``turn`` return False once this descriptor can be read."""
        self._stop_number = descriptor
        self._polls.register(descriptor, select.POLLIN, Level.OWN)

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
        began = time.thread_time()
        level, wait = self._connections.patience()
        wait = min(seconds, wait)
        if self._tcp is not None:
            tcp_rest = self._tcp_budget.wait()
            if tcp_rest > 0:
                level = min(level, Level.LOCAL)
            wait = min(wait, tcp_rest if self._tcp_more else WATCH_SECONDS)
        events = self._polls.wait(level, wait)
        if any(number == self._stop_number for number, _ in events):
            return False
        if level != Level.OWN:
            self._connections.serve(events, began)
        if self._tcp is not None and self._tcp_budget.wait() <= 0:
            began = time.thread_time()
            self._tcp_more = self._tcp.serve(self._answer)
            self._tcp_budget.spend(began)
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
            self._connections.listen(*self._file.open())
        except Exception as error:  # TCP is served without it
            self._log_once(
                "file", str(self._file.path), error, "is the folder there, may we write?"
            )
            return
        if self._logged.pop("file", ""):
            log.warning("health reports are at %s", self._file.path)

    def _open_tcp(self) -> None:
        tcp = None
        try:
            tcp = TcpSocket(self._settings)
            tcp.bind()
        except Exception as error:  # the socket file is served without it
            if tcp is not None:
                tcp.close()
            advice = "is the address free, are the keys there?"
            self._log_once("tcp", str(self._settings.endpoint), error, advice)
            return
        self._tcp = tcp
        for number in tcp.descriptors():
            self._polls.register(number, select.POLLIN, Level.TCP)

    def _log_once(self, kind: str, where: str, error: Exception, advice: str) -> None:
        line = f"no health reports at {where}: {described(error)} ({advice})"
        if line != self._logged.get(kind):
            self._logged[kind] = line
            log.error("%s", line)
