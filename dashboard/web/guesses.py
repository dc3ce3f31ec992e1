"""Slow down password guessing: each further wrong guess of an address doubles its pause.

A guess within its pause is refused at once. One check runs at a time. Two more guesses may wait a
moment for it: one from noisy neighbourhoods, where many guessed wrong of late, and one from all
others. No other thread waits. Refuses to lock anybody out for longer than ``MAX_PAUSE``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator

#: Wrong guesses of one address without a pause: people mistype.
FREE_GUESSES = 3
#: Seconds of the first pause, doubled with each wrong guess, and of the longest.
FIRST_PAUSE, MAX_PAUSE = 1.0, 300.0
#: Seconds after which the wrong guesses of an address are forgotten.
FORGIVEN_AFTER = 3600.0
#: Addresses remembered; of more, those that guessed longest ago are forgotten.
MAX_ADDRESSES = 10_000
#: Wrong guesses in one neighbourhood, without as many seconds between two of them, that make it
#: noisy.
NOISY_GUESSES, NOISY_SECONDS = 4, 60.0
#: Seconds that one guess waits for another's check; for which a refusal lets an address wait.
WAIT_SECONDS, REFUSED_SECONDS = 2.0, 30.0


class Pauses:
    """Wrong guesses by address: (how many, when the last one was)."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._near: OrderedDict[str, tuple[int, float]] = OrderedDict()
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
            _count(self._wrong, key, now, FORGIVEN_AFTER)
            _count(self._near, neighbourhood(address), now, NOISY_SECONDS)

    def right(self, address: str) -> None:
        """Forget the wrong guesses of an address."""
        with self._lock:
            self._wrong.pop(network(address), None)

    def noisy(self, address: str) -> bool:
        """Return whether many wrong guesses came from near an address lately."""
        with self._lock:
            count, last = self._near.get(neighbourhood(address), (0, 0.0))
        return count >= NOISY_GUESSES and time.monotonic() - last <= NOISY_SECONDS


def _count(
    counts: OrderedDict[str, tuple[int, float]], key: str, now: float, forgotten: float
) -> None:
    count, last = counts.pop(key, (0, now))
    counts[key] = (1 if now - last > forgotten else count + 1, now)
    while len(counts) > MAX_ADDRESSES:
        counts.popitem(last=False)


class Turns:
    """One check at a time, and two guesses that wait for it: of addresses that were refused before.

    So who uses a new address for each guess waits for none, and nobody else waits for him.
    """

    def __init__(self) -> None:
        self._check = threading.Lock()
        self._waits = {noisy: threading.Lock() for noisy in (False, True)}
        #: Addresses that were refused a turn, and when.
        self._refused: OrderedDict[str, float] = OrderedDict()

    @contextlib.contextmanager
    def taken(self, address: str, *, noisy: bool) -> Iterator[bool]:
        """Hold the turn within a ``with`` block; False: it cannot be had.

        ``noisy``: whether many guess wrong near the address.
        """
        got = self._at_once(noisy) or self._in_time(address, self._waits[noisy])
        try:
            yield got
        finally:
            if got:
                self._check.release()

    def _at_once(self, noisy: bool) -> bool:
        others = self._waits.values() if noisy else [self._waits[False]]
        return not any(wait.locked() for wait in others) and self._check.acquire(blocking=False)

    def _in_time(self, address: str, wait: threading.Lock) -> bool:
        now = time.monotonic()
        before = self._refused.pop(address, float("-inf"))
        if now - before <= REFUSED_SECONDS and wait.acquire(blocking=False):
            try:
                if self._check.acquire(timeout=WAIT_SECONDS):
                    return True
            finally:
                wait.release()
        self._refused[address] = now
        while len(self._refused) > MAX_ADDRESSES:
            with contextlib.suppress(KeyError):
                self._refused.popitem(last=False)
        return False


def neighbourhood(address: str) -> str:
    """Return the wider network of an address: what one guesser may well have more of.

    A /16 of IPv4, a /48 of IPv6; all loopback addresses but the two that are in common use.
    """
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    number = getattr(number, "ipv4_mapped", None) or number
    if str(number) in ("127.0.0.1", "::1"):
        return str(number)
    bits = 8 if number.is_loopback else 16 if number.version == 4 else 48
    return str(ipaddress.ip_network((number, bits), strict=False))


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
