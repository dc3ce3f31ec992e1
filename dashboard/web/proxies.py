"""Whether a request comes from a configured proxy, and from which address it was asked.

Believes no header unless the peer's address is configured, and, where a secret is set, the
request carries it. Nothing is a proxy by default: every user of the host can ask from loopback.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable

from flask import request

from ..config import Settings
from ..config_keys import Network

#: The header that carries the proxy's secret.
SECRET_HEADER = "X-Proxy-Secret"  # noqa: S105 - a header's name
FOR_HEADER = "X-Forwarded-For"


def from_proxy(settings: Settings) -> bool:
    """Return whether the request came by a configured proxy."""
    return _believed(settings, request.remote_addr or "", request.headers.get(SECRET_HEADER, ""))


def _believed(settings: Settings, peer: str, secret: str) -> bool:
    if not is_proxy(peer, settings.proxies):
        return False
    shown = secret.encode("latin-1", "replace")
    wanted = settings.proxy_secret.encode()
    return not wanted or hmac.compare_digest(shown, wanted)


def asker(settings: Settings) -> str:
    """Return the address of who asks: behind a proxy of ours, the one that it was asked by."""
    header = request.headers.get
    return asker_of(
        settings, request.remote_addr or "", header(FOR_HEADER, ""), header(SECRET_HEADER, "")
    )


def asker_of(settings: Settings, peer: str, forwarded_for: str, secret: str) -> str:
    """Return the address of who asks, of a connection's peer and two headers."""
    forwarded = forwarded_for.rpartition(",")[2].strip()
    return forwarded if forwarded and _believed(settings, peer, secret) else peer


def is_proxy(address: str, proxies: Iterable[Network]) -> bool:
    """Return whether an address is one of these; compared as numbers."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    number = getattr(number, "ipv4_mapped", None) or number
    return any(number in each for each in proxies if each.version == number.version)
