"""The quicker put is the queue's own put to everyone who uses the queue."""

from __future__ import annotations

import queue
import threading

import pytest

from collectd_fedmsg.hub.queue_hooks import put_directly, quick_put


def quick() -> queue.Queue[int]:
    incoming: queue.Queue[int] = queue.Queue()
    incoming._put = put_directly(incoming)  # type: ignore[method-assign,assignment]
    direct_put = quick_put(incoming)
    assert direct_put is not None
    incoming.put = direct_put  # type: ignore[method-assign]
    return incoming


def test_many_threads_lose_nothing() -> None:
    """Getters that wait are woken, each message is got once, ``join`` ends."""
    incoming, received, each, senders, getters = quick(), list[int](), 2000, 4, 6

    def get() -> None:
        while (number := incoming.get()) >= 0:
            received.append(number)
            incoming.task_done()

    threads = [threading.Thread(target=get) for _ in range(getters)]
    threads += [threading.Thread(target=lambda: [incoming.put(n) for n in range(each)])
                for _ in range(senders)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads[getters:]:
        thread.join(60)
    incoming.join()
    for _ in range(getters):
        incoming.put(-1)
    for thread in threads[:getters]:
        thread.join(60)
    assert sorted(received) == sorted(list(range(each)) * senders)
    assert incoming.unfinished_tasks == getters
    assert incoming.empty()


def test_a_waiting_getter_is_woken_at_once() -> None:
    incoming, received = quick(), list[int]()
    thread = threading.Thread(target=lambda: received.append(incoming.get(timeout=60)))
    thread.start()
    while not incoming.not_empty._waiters:  # type: ignore[attr-defined]
        pass
    incoming.put_nowait(7)
    thread.join(60)
    assert received == [7]


class Own(queue.Queue):  # type: ignore[type-arg]
    def put(self, item: int, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)


class WithShutdown(queue.Queue):  # type: ignore[type-arg]
    def shutdown(self) -> None: ...


@pytest.mark.parametrize("incoming", [queue.Queue(3), Own(), WithShutdown(), queue.SimpleQueue()],
                         ids=["limited", "own-put", "python-3.13", "simple"])  # fmt: skip
def test_another_kind_stays_as_it_is(incoming: object) -> None:
    assert quick_put(incoming) is None


def test_an_own_order_is_kept() -> None:
    """A queue of another order keeps it: its ``_put`` is called."""
    incoming: queue.PriorityQueue[int] = queue.PriorityQueue()
    direct_put = quick_put(incoming)
    assert direct_put is not None
    for number in (3, 1, 2):
        direct_put(number)
    assert [incoming.get() for _ in range(3)] == [1, 2, 3]
