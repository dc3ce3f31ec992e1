"""One HTTP exchange, bounded as a whole in time and size; the only HTTP client of the project.

The time limit covers resolving the name, connecting, TLS, sending and reading, however slowly
bytes drip. Whatever a library raises on the way leaves here as ``ExchangeError``. Follows no
redirect, and asks loopback directly whatever proxy the environment names.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .http_address import Address, proxy_of
from .http_link import ExchangeError, Link, connected
from .names import printable

#: Bytes of an answer, unless the caller says otherwise.
MAX_BYTES = 1 << 20
#: Bytes of an answer that an error quotes.
MAX_QUOTED = 200


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
        link = connected(proxy[0] if proxy else address, end)
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
    link: Link,
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


def _tunnel(link: Link, address: Address, headers: Mapping[str, str]) -> None:
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
