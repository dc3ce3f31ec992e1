"""The TCP endpoint of one daemon: zmq with CURVE, closed before it exhausts descriptors.

libzmq accepts on its own thread and knows no limit of connections. So the listening socket is
closed, and its connections with it, before the process reaches its limit of open files or at
MAX_PEERS connections, and bound again after; who does not finish the handshake is dropped.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import parse_monitor_message

from ..curve_keys import key_pair, public_key
from ..errors import HealthError
from ..protocol.wire import MAX_REQUEST
from .settings import Settings

log = logging.getLogger("collectd_fedmsg")
#: Connections at which the listening socket is closed.
MAX_PEERS = 32
#: Milliseconds for a handshake.
HANDSHAKE = 3000
#: Free descriptors below which the listening socket is closed; at twice as many it is bound.
MIN_FREE = 64
#: Seconds between two tries to bind, and between two looks at the descriptors.
RETRY_SECONDS, WATCH_SECONDS = 1.0, 0.25
#: Requests answered, and events read, between two looks at the clock.
MAX_REQUESTS, MAX_EVENTS = 16, 512
#: Pages on their way to one peer: what exceeds them is dropped.
MAX_QUEUED = 4


class Clients:
    """Who may connect: the keys in a folder's ``*.key`` files, as they are now.

    A file without a key is logged, and lets nobody in; the others do.

    Raises:
        OSError: the folder cannot be listed.
    """

    def __init__(self, folder: Path) -> None:
        self._keys: set[bytes] = set()
        for path in sorted(folder.iterdir()):
            if path.suffix != ".key":
                continue
            try:
                self._keys.add(public_key(path))
            except (OSError, ValueError) as error:
                log.error("a TCP reader's key is not used: %s", error)

    def callback(self, _domain: str, key: bytes) -> bool:
        """Return whether a key (Z85) is one of them; zmq.auth calls it."""
        return key in self._keys


class TcpSocket:
    """One ROUTER with CURVE; used by one thread.

    Args:
        settings: with ``endpoint`` and ``curve_keys``.
    """

    def __init__(self, settings: Settings) -> None:
        self._endpoint = str(settings.endpoint)
        if settings.curve_keys is None:  # pragma: no cover - settings.read refuses it
            raise ValueError("TCP without keys")
        self._peers: set[int] = set()
        #: libzmq's listening descriptor; -1: not known.
        self._listening = -1
        self._bound = False
        self._warned = False
        self._retry = 0.0
        # The keys first: nothing is open when they cannot be read.
        keys = key_pair(settings.curve_keys / "server.key_secret")
        clients = Clients(settings.curve_keys / "clients")
        self._context: zmq.Context[Any] = zmq.Context(io_threads=1)
        self._guard = ThreadAuthenticator(self._context)
        self._socket = self._context.socket(zmq.ROUTER)
        self._monitor: Any = None
        try:
            self._open(keys, clients)
        except BaseException:
            self.close()  # each try would leave threads and descriptors in the daemon
            raise

    def _open(self, keys: tuple[bytes, bytes], clients: Clients) -> None:
        # Without an allowlist CURVE lets any stranger in: ZAP, RFC 27.
        self._guard.start()
        self._guard.configure_curve_callback(domain="*", credentials_provider=clients)
        router = self._socket
        router.setsockopt(zmq.LINGER, 0)
        router.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST)
        router.setsockopt(zmq.SNDHWM, MAX_QUEUED)
        router.setsockopt(zmq.RCVHWM, MAX_REQUESTS)
        router.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE)
        router.setsockopt(zmq.BACKLOG, 8)
        router.curve_publickey, router.curve_secretkey = keys
        router.curve_server = True
        events = zmq.EVENT_LISTENING | zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED
        self._monitor = router.get_monitor_socket(events)

    def bind(self) -> None:
        """Listen.

        Raises:
            zmq.ZMQError: the address is not free, or not ours.
        """
        self._socket.bind(self._endpoint)
        self._bound = True

    def descriptors(self) -> list[int]:
        """Return what to poll for input; after any event, ``serve``."""
        return [int(self._socket.get(zmq.FD)), int(self._monitor.get(zmq.FD))]

    def serve(self, answer: Callable[[bytes], bytes]) -> bool:
        """Answer a few requests and watch the descriptors; return whether more is waiting."""
        self._watch()
        for _ in range(MAX_REQUESTS):
            try:
                *envelope, frame = self._socket.recv_multipart(zmq.NOBLOCK)
                self._socket.send_multipart([*envelope, answer(frame)], zmq.NOBLOCK)
            except zmq.Again:
                return False
            except (zmq.ZMQError, HealthError, ValueError) as error:
                log.debug("a request is not answered: %s", error)
        return True

    def close(self) -> None:
        """Close all at once, whatever is on its way."""
        if self._monitor is not None:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
        self._socket.close(linger=0)
        self._guard.stop()
        self._context.destroy(linger=0)

    def abandon(self) -> None:
        """Close libzmq's listening descriptor in a forked child, where libzmq itself is dead.

        Else the child would keep the address from the daemon's next start.
        """
        if self._listening < 0:
            return
        try:
            listening = socket.socket(fileno=self._listening)
        except OSError:
            return
        port = int(self._endpoint.rpartition(":")[2])
        if (
            listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            and listening.family == socket.AF_INET
            and listening.getsockname()[1] == port
        ):
            listening.close()
        else:
            listening.detach()  # the number is another file's by now

    def _watch(self) -> None:
        for _ in range(MAX_EVENTS):
            try:
                parts = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            event = parse_monitor_message(parts)
            if event["event"] == zmq.EVENT_LISTENING:
                self._listening = event["value"]
            elif event["event"] == zmq.EVENT_ACCEPTED:
                self._peers.add(event["value"])
            else:
                self._peers.discard(event["value"])
        free, now = free_descriptors(), time.monotonic()
        if self._bound and (free < MIN_FREE or len(self._peers) >= MAX_PEERS):
            with contextlib.suppress(zmq.ZMQError):
                self._socket.unbind(self._endpoint)
            self._bound, self._retry = False, now + RETRY_SECONDS
            if not self._warned:
                self._warned = True
                log.warning("%s is closed for a moment, and whenever this comes again: %d"
                            " connections, %d descriptors are free",
                            self._endpoint, len(self._peers), free)  # fmt: skip
            # libzmq ends the connections with their listener, and reports none of them.
            self._peers.clear()
            self._listening = -1
        elif not self._bound and now >= self._retry:
            self._retry = now + RETRY_SECONDS
            if free >= 2 * MIN_FREE:
                with contextlib.suppress(zmq.ZMQError):
                    self.bind()


def free_descriptors() -> int:
    """Return about how many more files this process can open, by the lowest free number."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 1 << 20
    try:
        number = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    os.close(number)
    return soft - number
