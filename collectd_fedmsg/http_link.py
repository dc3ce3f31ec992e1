"""A connection to an HTTP server of which everything ends at one moment.

Resolving the name, connecting, TLS, sending and reading share one time limit.
"""

from __future__ import annotations

import io
import queue
import socket
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .http_address import Address, literal

if TYPE_CHECKING:
    import ssl

#: Names being resolved at once: a resolver that does not answer holds a thread for each.
MAX_RESOLVING = 8
_resolving = threading.BoundedSemaphore(MAX_RESOLVING)


class ExchangeError(OSError):
    """There is no complete answer: no connection, not in time, no HTTP, or too long."""


class Link:
    """A socket of which everything ends at one moment of the monotonic clock."""

    def __init__(self, peer: socket.socket, end: float) -> None:
        self._peer = peer
        self._end = end

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.close()

    def _limit(self) -> None:
        self._peer.settimeout(_left(self._end))

    def sendall(self, octets: Any) -> None:
        """Send all, or raise TimeoutError."""
        view = memoryview(octets)
        while view:
            self._limit()
            view = view[self._peer.send(view) :]

    def read_into(self, buffer: Any) -> int:
        """Read what has come, at least a byte unless the peer has ended."""
        self._limit()
        return self._peer.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader, as http.client wants it of a socket."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Do nothing: http.client closes what it connected before the body is read."""

    def encrypt(self, host: str) -> None:
        """Speak TLS from here on, with the certificate of ``host`` checked."""
        fresh = _context().wrap_socket(
            self._peer, server_hostname=host, do_handshake_on_connect=False
        )
        self._peer = fresh
        self._limit()
        fresh.do_handshake()


class _Reader(io.RawIOBase):
    """The reading side of a link."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._link.read_into(buffer)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - a megabyte that collectd needs only for https

    return ssl.create_default_context()


def connected(address: Address, end: float) -> Link:
    """Return a connection to the first of a host's addresses that takes one."""
    trouble: OSError = OSError("the name has no address")
    for family, kind, protocol, _, where in _resolve(address.host, address.port, end):
        peer = socket.socket(family, kind, protocol)
        try:
            peer.settimeout(_left(end))
            peer.connect(where)
        except OSError as error:
            peer.close()
            trouble = error
        else:
            return Link(peer, end)
    raise trouble


def _resolve(host: str, port: int, end: float) -> list[Any]:
    """Return what getaddrinfo(3) does, in time: it has no time limit that could be set."""
    if literal(host) is not None:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    resolved: queue.Queue[list[Any] | Exception] = queue.Queue(1)
    if not _resolving.acquire(timeout=_left(end)):
        raise TimeoutError

    def look() -> None:
        try:
            resolved.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # raised again by whoever waits
            resolved.put(error)
        finally:
            _resolving.release()

    threading.Thread(target=look, name="resolve", daemon=True).start()
    try:
        answer = resolved.get(timeout=_left(end))
    except queue.Empty:
        raise ExchangeError(f"{host}: the resolver does not answer") from None
    if isinstance(answer, Exception):
        raise ExchangeError(f"{host}: {getattr(answer, 'strerror', answer)}") from answer
    return answer
