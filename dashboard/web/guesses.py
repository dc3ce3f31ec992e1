"""Slow down password guessing: each further wrong guess of an address doubles its pause.

A guess within its pause, and one that would have to wait for another's check, is refused at once:
no thread waits for a guesser. Refuses to lock anybody out for longer than ``MAX_PAUSE``.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict

#: Wrong guesses of one address without a pause: people mistype.
FREE_GUESSES = 3
#: Seconds of the first pause, doubled with each wrong guess, and of the longest.
FIRST_PAUSE, MAX_PAUSE = 1.0, 300.0
#: Seconds after which the wrong guesses of an address are forgotten.
FORGIVEN_AFTER = 3600.0
#: Addresses remembered; of more, those that guessed longest ago are forgotten.
MAX_ADDRESSES = 10_000


class Pauses:
    """Wrong guesses by address: (how many, when the last one was)."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def left(self, address: str) -> float:
        """Return the seconds for which guesses of an address are refused; 0: it may guess."""
        with self._lock:
            count, last = self._wrong.get(network(address), (0, 0.0))
        if count <= FREE_GUESSES:
            return 0.0
        pause = min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** min(count - FREE_GUESSES - 1, 30))
        return float(max(0.0, last + pause - time.monotonic()))

    def wrong(self, address: str) -> None:
        """Note a wrong guess."""
        now, key = time.monotonic(), network(address)
        with self._lock:
            count, last = self._wrong.pop(key, (0, now))
            self._wrong[key] = (1 if now - last > FORGIVEN_AFTER else count + 1, now)
            while len(self._wrong) > MAX_ADDRESSES:
                self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget the wrong guesses of an address."""
        with self._lock:
            self._wrong.pop(network(address), None)


def network(address: str) -> str:
    """Return what one guesser has of addresses: IPv4 one, IPv6 a /64; mapped IPv4 is IPv4."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return str(number.ipv4_mapped)
        return str(ipaddress.ip_network((number, 64), strict=False))
    return str(number)
