"""Cache an expensive response: fast ones are computed per request, slow ones by a thread.

A thousand daemons take more than a second to judge. While somebody looks, a thread judges them
every interval and readers get its last response, never older than an interval and the time that
judging takes; without readers nothing is judged. Whatever goes wrong while it is computed is a
StoreError for the readers of that moment, and the next reader makes it try again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from collectd_fedmsg.errors import StoreError

Response = dict[str, Any]
#: Seconds from which on computing a response is slow.
SLOW_SECONDS = 0.25
#: Seconds that slow responses are computed for after the last reader.
WATCHED_SECONDS = 120.0
#: Seconds that a reader waits while others compute the response.
MAX_WAIT = 20.0
_log = logging.getLogger(__name__)


class ResponseCache:
    """One response for all readers.

    Args:
        compute: computes it for a moment, epoch seconds; may raise StoreError.
        age: seconds that a response is as good as new.
        interval: seconds between two samples.
        meanwhile: what readers get while a slow response is computed; None: they wait for it.
    """

    def __init__(
        self,
        compute: Callable[[float], Response],
        age: float,
        interval: float,
        meanwhile: Callable[[float], Response | None] = lambda _: None,
    ) -> None:
        self._compute = compute
        self._meanwhile = meanwhile
        self._age = age
        self._interval = interval
        self._computing = threading.Lock()
        self._starting = threading.Lock()
        self._trouble: StoreError | None = None
        self._thread: threading.Thread | None = None
        self._cached: tuple[float, Response] = (-math.inf, {})
        self._took = 0.0
        self._asked = -math.inf
        self._logged = ""

    def answer(self, now: float) -> Response:
        """Return the response for ``now`` (epoch seconds).

        Raises:
            StoreError: there is none, and none can be computed.
        """
        self._asked = time.monotonic()
        response = self._fresh(now)
        if response is not None:
            return response
        slow = self._took > SLOW_SECONDS or not self._cached[1]
        meanwhile = self._meanwhile(now) if slow else None
        if meanwhile is not None:
            trouble, self._trouble = self._trouble, None
            if trouble is not None:
                raise trouble
            self._start(at_once=True)
            return meanwhile
        if not self._computing.acquire(timeout=MAX_WAIT):
            raise StoreError(f"busy: the daemons are being judged for {MAX_WAIT:.0f} s already")
        try:
            # Whoever had the lock before may have computed it.
            response = self._fresh(now) or self._again(now)
        finally:
            self._computing.release()
        if self._took > SLOW_SECONDS:
            self._start()
        return response

    def warm(self) -> None:
        """Compute the first response in a thread; readers learn what went wrong."""

        def first() -> None:
            with suppress(StoreError):
                self.answer(time.time())

        threading.Thread(target=first, name="first judge", daemon=True).start()

    def _fresh(self, now: float) -> Response | None:
        computed, response = self._cached
        slow = self._took > SLOW_SECONDS
        most = self._interval + 3 * self._took if slow else self._age
        return response if 0 <= now - computed < most else None

    def _again(self, now: float) -> Response:
        began = time.monotonic()
        try:
            response = self._compute(now)
        except StoreError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            if reason != self._logged:
                self._logged = reason
                _log.exception("the daemons cannot be judged")
            raise StoreError(f"the daemons cannot be judged ({reason})") from error
        self._took = time.monotonic() - began
        self._cached = now, response
        return response

    def _start(self, *, at_once: bool = False) -> None:
        """Start the thread unless it runs; one that has ended is replaced."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, args=(at_once,), name="judge", daemon=True
                )
                self._thread.start()

    def _run(self, at_once: bool) -> None:
        while True:
            if not at_once:
                if self._took <= SLOW_SECONDS:
                    return
                time.sleep(max(self._interval - self._took, self._took))
                if time.monotonic() - self._asked > WATCHED_SECONDS:
                    return
            try:
                with self._computing:
                    # Whoever started the server may be computing the first.
                    if not at_once or self._fresh(time.time()) is None:
                        self._again(time.time())
                at_once = False
            except StoreError as error:
                # The next reader learns of it, and the one after has the thread started again.
                self._trouble = error
                return
