"""Which waiting request is answered next: quick ones first, of the others one client at a time.

An answer that reads series takes seconds of the processor. So few threads make such answers, a
client has a share of these, and what waits for one holds no thread. ``Turns`` is the queue of
waitress' threads; all its methods are called under their lock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

#: Threads that stay for quick answers while all others make long ones.
QUICK_THREADS = 2
#: Requests for long answers that wait, of one client and in all. A browser has 6 connections.
MAX_WAITING_OF_CLIENT, MAX_WAITING = 12, 48
#: Seconds that a request waits for its turn until it is refused.
MAX_WAIT_SECONDS = 10.0
#: What reads no series, below the prefix; so is whatever changes something.
QUICK_PATHS = frozenset(
    ("/healthz", "/help", "/alerts", "/api/v1/daemons", "/api/v1/state", "/api/v1/marks",
     "/api/v1/alerts", "/api/v1/openapi.json")
)  # fmt: skip
QUICK_FOLDERS = ("/static/",)


def is_quick(method: str, path: str, prefix: str = "") -> bool:
    """Return whether an answer reads no series. What is not known to be quick is long."""
    path = path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path
    return (
        method not in ("GET", "HEAD") or path in QUICK_PATHS or path.startswith(QUICK_FOLDERS)
    )  # fmt: skip


class Task(Protocol):
    """A connection with a whole request."""

    #: Monotonic seconds when its request began to wait.
    waits_since: float
    #: Who asks, for a long answer; empty for a quick one.
    client: str

    def is_gone(self) -> bool:
        """Return whether nobody is there to read an answer."""

    def refuse(self) -> None:
        """Make the answer a quick one: 503."""


class Turns:
    """A queue of requests, for ``ThreadedTaskDispatcher``."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        #: Long answers made at a time, in all and of one client.
        self.slots = max(1, threads - QUICK_THREADS)
        self.share = max(1, self.slots // 2)
        self._clock = clock
        self._quick: deque[Task] = deque()
        #: By client, in the order of their turns.
        self._long: dict[str, deque[Task]] = {}
        self._running: dict[str, int] = {}

    def append(self, task: Task) -> None:
        """Let a request wait, or refuse it, or one of the client that has most in its stead."""
        self._refuse_late()
        if not task.client:
            self._quick.append(task)
            return
        task.waits_since = self._clock()
        own = self._long.setdefault(task.client, deque())
        own.append(task)
        if len(own) > MAX_WAITING_OF_CLIENT and not self._drop_gone(own):
            self._refuse(own.pop())
        elif sum(map(len, self._long.values())) > MAX_WAITING:
            self._refuse(max(self._long.values(), key=len).pop())
        self._forget_empty()

    def __len__(self) -> int:
        """Return how many requests a thread could take now: 0 while long ones wait for a slot."""
        self._refuse_late()
        return len(self._quick) + (self._next_client() is not None)

    def popleft(self) -> Task:
        """Return the next request; of a long one, ``ended`` is to be called.

        Raises:
            IndexError: there is none that a thread may take.
        """
        if self._quick:
            return self._quick.popleft()
        client = self._next_client()
        if client is None:
            raise IndexError("no request may be taken")
        own = self._long.pop(client)
        task = own.popleft()
        if own:  # its next turn comes after all others'
            self._long[client] = own
        self._running[client] = self._running.get(client, 0) + 1
        return task

    def ended(self, client: str) -> None:
        """Give the slot of a client's long answer back."""
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]

    def _next_client(self) -> str | None:
        if sum(self._running.values()) >= self.slots:
            return None
        return next((c for c in self._long if self._running.get(c, 0) < self.share), None)

    def _refuse_late(self) -> None:
        latest = self._clock() - MAX_WAIT_SECONDS
        for own in self._long.values():
            while own and own[0].waits_since <= latest:
                self._refuse(own.popleft())
        self._forget_empty()

    def _drop_gone(self, own: deque[Task]) -> bool:
        """Take a client's requests out that nobody waits for; return whether there were any."""
        gone = [task for task in own if task.is_gone()]
        for task in gone:
            own.remove(task)
            self._refuse(task)
        return bool(gone)

    def _refuse(self, task: Task) -> None:
        task.refuse()
        self._quick.append(task)

    def _forget_empty(self) -> None:
        for client in [client for client, own in self._long.items() if not own]:
            del self._long[client]
