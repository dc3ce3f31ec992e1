"""One HTTP exchange, bounded as a whole in time and size; the only HTTP client of the project.

The time limit covers resolving the name, connecting, TLS, sending and reading, however slowly
bytes drip. Whatever a library raises on the way leaves here as ``ExchangeError``. Follows no
redirect, and asks loopback directly whatever proxy the environment names.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .http_address import Address, literal, proxy_of
from .names import printable

if TYPE_CHECKING:
    import ssl

#: Bytes of an answer, unless the caller says otherwise.
MAX_BYTES = 1 << 20
#: Bytes of an answer that an error quotes.
MAX_QUOTED = 200
#: Names being resolved at once: a resolver that does not answer holds a thread for each.
MAX_RESOLVING = 8
_resolving = threading.BoundedSemaphore(MAX_RESOLVING)


class ExchangeError(OSError):
    """There is no complete answer: no connection, not in time, no HTTP, or too long."""


@dataclass(frozen=True)
class Answer:
    """What came back; headers by their lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def excerpt(self) -> str:
        """Return the beginning of the body, fit for a log or a terminal."""
        return printable(self.body[:MAX_QUOTED].decode("utf-8", "replace").strip())


def exchange(
    url: str,
    *,
    timeout: float,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """Return the answer of whatever status within ``timeout`` seconds.

    A body longer than ``max_bytes`` is cut where the status is an error's, else refused.

    Raises:
        ExchangeError: there is none, or it is too long.
    """
    end = time.monotonic() + timeout
    try:
        address = Address.of(url)
        proxy = proxy_of(address)
        link = _connected(proxy[0] if proxy else address, end)
        with link:
            target = address.target
            sent = dict(headers or {})
            if proxy and address.scheme == "http":
                target, sent = f"http://{address.netloc}{target}", {**proxy[1], **sent}
            elif proxy:
                _tunnel(link, address, proxy[1])
            if address.scheme == "https":
                link.encrypt(address.host)
            return _ask(link, address, (method, target), body, sent, max_bytes=max_bytes)
    except ExchangeError:
        raise
    except TimeoutError as error:
        raise ExchangeError(f"no answer within {timeout:g} s") from error
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        # What a peer sent may be in the text.
        text = getattr(error, "strerror", None) or str(error)
        raise ExchangeError(printable(text[:MAX_QUOTED]) or type(error).__name__) from error


def _ask(
    link: _Link,
    address: Address,
    line: tuple[str, str],
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    max_bytes: int,
) -> Answer:
    peer = http.client.HTTPConnection(address.host, address.port)
    peer.sock = link  # it uses no more of a socket
    default = 443 if address.scheme == "https" else 80
    host = address.netloc if address.port != default else address.netloc.rpartition(":")[0]
    peer.request(
        line[0],
        line[1],
        body,
        {"Host": host, "Connection": "close", "User-Agent": "collectd-fedmsg", **headers},
    )
    answer = peer.getresponse()
    read = answer.read(max_bytes + 1)
    if len(read) > max_bytes and answer.status < http.client.BAD_REQUEST:
        raise ExchangeError(f"the answer is longer than {max_bytes:,} bytes")
    if len(read) <= max_bytes and answer.length:
        raise ExchangeError(f"the answer ends {answer.length:,} bytes early")
    return Answer(
        answer.status,
        read[:max_bytes],
        {name.lower(): printable(value) for name, value in answer.getheaders()},
    )


class _Link:
    """A socket of which everything ends at one moment of the monotonic clock."""

    def __init__(self, peer: socket.socket, end: float) -> None:
        self._peer = peer
        self._end = end

    def __enter__(self) -> _Link:
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

    def __init__(self, link: _Link) -> None:
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


def _connected(address: Address, end: float) -> _Link:
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
            return _Link(peer, end)
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


def _tunnel(link: _Link, address: Address, headers: Mapping[str, str]) -> None:
    """Have a proxy connect the link to an address (RFC 9110, CONNECT)."""
    lines = [
        f"CONNECT {address.netloc} HTTP/1.1",
        f"Host: {address.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    link.sendall("\r\n".join(lines).encode("ascii"))
    answer = http.client.HTTPResponse(link, method="CONNECT")  # type: ignore[arg-type]
    answer.begin()
    if answer.status != http.client.OK:
        raise ExchangeError(f"the proxy answers {answer.status} to CONNECT")
