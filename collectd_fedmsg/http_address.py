"""Addresses of HTTP servers: parse and check them, and find the environment's proxy for them.

Opens nothing. Refuses what http.client would only refuse, or misread, when it is asked.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Address:
    """The parts of an http or https address, checked."""

    scheme: str
    host: str
    port: int
    #: Path and query, as in the request line.
    target: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Return the parts of an address.

        Raises:
            ValueError: it cannot be asked; the text says what is wanted.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"not an address: {error}") from None
        if parts.scheme not in ("http", "https"):
            raise ValueError("must begin with http:// or https://")
        if "@" in parts.netloc:
            raise ValueError("must hold no user and password: they would be printed with it")
        if not url.isprintable() or " " in url:
            raise ValueError("must hold no blank and no control character")
        target = parts.path or "/"
        if not target.isascii() or not parts.query.isascii():
            raise ValueError("must be ASCII after the host; write %XX for other characters")
        return cls(
            parts.scheme,
            _checked_host(host),
            port if port is not None else 443 if parts.scheme == "https" else 80,
            f"{target}?{parts.query}" if parts.query else target,
        )

    @property
    def netloc(self) -> str:
        """Return ``host:port`` as a Host header and CONNECT want it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the number that a host is written as; None of a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _checked_host(host: str) -> str:
    """Return a host as the resolver takes it; raises ValueError with what is wanted."""
    if literal(host) is not None:
        return host
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not name.strip("."):
        raise ValueError("must name a host: http://name:port/")
    return name


def is_loopback(host: str) -> bool:
    """Tell whether a host of an address is this machine's loopback."""
    number = literal(host)
    mapped = getattr(number, "ipv4_mapped", None)
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or (number is not None and (mapped or number).is_loopback)
    )


def proxy_of(address: Address) -> tuple[Address, dict[str, str]] | None:
    """Return the environment's proxy for an address, and the headers that it wants."""
    # Who only checks addresses needs neither this nor the half of the library that it loads.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    url = getproxies().get(address.scheme)
    if not url or is_loopback(address.host) or proxy_bypass(address.host):
        return None
    scheme, _, rest = url.rpartition("://")
    login, at, netloc = rest.rpartition("@")
    if scheme not in ("", "http"):
        raise ValueError(f"{address.scheme}_proxy: only http:// proxies are spoken to")
    coded = base64.b64encode(unquote(login).encode()).decode()
    return Address.of(f"http://{netloc}"), {"Proxy-Authorization": f"Basic {coded}"} if at else {}
