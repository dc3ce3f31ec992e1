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


def from_proxy(settings: Settings) -> bool:
    """Return whether the request came by a configured proxy."""
    if not is_proxy(request.remote_addr or "", settings.proxies):
        return False
    shown = request.headers.get(SECRET_HEADER, "").encode("latin-1", "replace")
    wanted = settings.proxy_secret.encode()
    return not wanted or hmac.compare_digest(shown, wanted)


def asker(settings: Settings) -> str:
    """Return the address of who asks: behind a proxy of ours, the one that it was asked by."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded if forwarded and from_proxy(settings) else request.remote_addr or ""


def is_proxy(address: str, proxies: Iterable[Network]) -> bool:
    """Return whether an address is one of these; compared as numbers."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    number = getattr(number, "ipv4_mapped", None) or number
    return any(number in each for each in proxies if each.version == number.version)
