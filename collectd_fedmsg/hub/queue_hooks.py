"""A faster ``put`` for plain queues, without the calls that a hub does not need.

Most of the cost of counting is function calls. moksha's queues have no limit, so no thread waits
for room in them, and mostly none waits for a message: a ``put`` without these steps saves about the
time that counting takes. A queue of any other class keeps its ``put``.
"""

from __future__ import annotations

import queue as queues
from collections import deque
from collections.abc import Callable
from queue import Queue
from typing import Any

#: From Python 3.13 on a queue can be shut down.
ShutDown: Any = getattr(queues, "ShutDown", None)
#: What ``Queue.put`` uses, in the versions whose put is known.
KNOWN_NAMES = {
    "Full", "ShutDown", "ValueError", "_put", "_qsize", "is_shutdown", "maxsize", "not_empty",
    "not_full", "notify", "time", "unfinished_tasks", "wait",
}  # fmt: skip


def put_directly(queue: Any) -> Callable[[Any], object]:
    """Return what a plain queue's ``_put`` does, without the call in between."""
    if type(queue)._put is Queue._put and type(queue.queue) is deque:
        put: Callable[[Any], object] = queue.queue.append
        return put
    return queue._put  # type: ignore[no-any-return]


def quick_put(queue: Any) -> Callable[..., None] | None:
    """Return a ``put`` like the plain queue's for one without a limit, None for another kind.

    It calls the instance's own ``_put``, with the mutex held, and refuses what a queue that was
    shut down refuses. Source: queue.Queue.put and threading.Condition.notify of CPython 3.9 to
    3.14; where ``Queue.put`` uses anything else than these did, the queue stays as it is.
    """
    if type(queue).put is not Queue.put or queue.maxsize > 0:
        return None
    if not set(Queue.put.__code__.co_names) <= KNOWN_NAMES:
        return None
    # A shutdown that is not the standard library's is not seen by its put either.
    if getattr(type(queue), "shutdown", None) is not getattr(Queue, "shutdown", None):
        return None
    waiters = getattr(queue.not_empty, "_waiters", None)
    if type(waiters) is not deque:
        return None
    add, mutex, notify = queue._put, queue.mutex, queue.not_empty.notify

    def put(item: Any, block: bool = True, timeout: float | None = None) -> None:
        with mutex:
            add(item)
            queue.unfinished_tasks += 1
            if waiters:
                notify()

    def put_unless_shut_down(item: Any, block: bool = True, timeout: float | None = None) -> None:
        with mutex:
            if queue.is_shutdown:
                raise ShutDown
            add(item)
            queue.unfinished_tasks += 1
            if waiters:
                notify()

    return put if ShutDown is None else put_unless_shut_down
