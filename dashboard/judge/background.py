"""Keep an answer that is dear to make: cheap ones are made for the reader, dear ones beside him.

A thousand daemons take more than a second to judge. While somebody looks, a thread judges them
every interval and readers get its last answer, never older than an interval and the time that
judging takes; nobody is judged for nobody. Refuses to hand out anything older: the first reader
is told meanwhile that nothing is judged yet.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from collectd_fedmsg.errors import StoreError

Answer = dict[str, Any]
#: Seconds from which on an answer is dear.
DEAR = 0.25
#: Seconds that dear answers are made on after the last reader.
WATCHED = 120.0


class Keeper:
    """One answer for all readers.

    Args:
        make: makes it for a moment, epoch seconds; may raise StoreError.
        age: seconds that an answer is as good as new.
        interval: seconds between two samples.
        meanwhile: what readers get while a dear answer is made; None: they wait for it.
    """

    def __init__(self, make: Callable[[float], Answer], age: float, interval: float,
                 meanwhile: Callable[[float], Answer | None] = lambda _: None) -> None:
        self._make = make
        self._meanwhile = meanwhile
        self._age = age
        self._interval = interval
        self._making = threading.Lock()
        self._starting = threading.Lock()
        self._trouble: StoreError | None = None
        self._thread: threading.Thread | None = None
        self._kept: tuple[float, Answer] = (-math.inf, {})
        self._took = 0.0
        self._asked = -math.inf

    def answer(self, now: float) -> Answer:
        """Return the answer for ``now``.

        Raises:
            StoreError: there is none, and none can be made.
        """
        self._asked = time.monotonic()
        found = self._good(now)
        if found is not None:
            return found
        meanwhile = self._meanwhile(now) if self._took > DEAR or not self._kept[1] else None
        if meanwhile is not None:
            trouble, self._trouble = self._trouble, None
            if trouble is not None:
                raise trouble
            self._watch(at_once=True)
            return meanwhile
        with self._making:
            # Whoever was here before may have made it.
            found = self._good(now)
            if found is None:
                found = self._anew(now)
        if self._took > DEAR:
            self._watch()
        return found

    def warm(self) -> None:
        """Make the first answer beside whoever starts the server; trouble is told to readers."""
        def first() -> None:
            with suppress(StoreError):
                self.answer(time.time())
        threading.Thread(target=first, name="first judge", daemon=True).start()

    def _good(self, now: float) -> Answer | None:
        made, found = self._kept
        dear = self._took > DEAR
        most = self._interval + 3 * self._took if dear else self._age
        return found if 0 <= now - made < most else None

    def _anew(self, now: float) -> Answer:
        began = time.monotonic()
        found = self._make(now)
        self._took = time.monotonic() - began
        self._kept = now, found
        return found

    def _watch(self, *, at_once: bool = False) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._go_on, args=(at_once,), name="judge",
                                                daemon=True)
                self._thread.start()

    def _go_on(self, at_once: bool) -> None:
        while True:
            if not at_once:
                if self._took <= DEAR:
                    return
                time.sleep(max(self._interval - self._took, self._took))
                if time.monotonic() - self._asked > WATCHED:
                    return
            try:
                with self._making:
                    # Whoever started the server may be making the first.
                    if not at_once or self._good(time.time()) is None:
                        self._anew(time.time())
                at_once = False
            except StoreError as error:
                # The next reader is told, and the one after has the thread started again.
                self._trouble = error
                return
