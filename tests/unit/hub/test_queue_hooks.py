"""The quicker put is the queue's own put to everyone who uses the queue."""

from __future__ import annotations

import queue
import threading

import pytest

from collectd_fedmsg.hub.queue_hooks import put_directly, quick_put


def quick() -> queue.Queue[int]:
    made: queue.Queue[int] = queue.Queue()
    made._put = put_directly(made)  # type: ignore[method-assign,assignment]
    put = quick_put(made)
    assert put is not None
    made.put = put  # type: ignore[method-assign]
    return made


def test_many_threads_lose_nothing() -> None:
    """Getters that wait are woken, each message is got once, ``join`` ends."""
    made, got, each, senders, getters = quick(), list[int](), 2000, 4, 6

    def get() -> None:
        while (one := made.get()) >= 0:
            got.append(one)
            made.task_done()

    threads = [threading.Thread(target=get) for _ in range(getters)]
    threads += [threading.Thread(target=lambda: [made.put(n) for n in range(each)])
                for _ in range(senders)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads[getters:]:
        thread.join(60)
    made.join()
    for _ in range(getters):
        made.put(-1)
    for thread in threads[:getters]:
        thread.join(60)
    assert sorted(got) == sorted(list(range(each)) * senders)
    assert made.unfinished_tasks == getters
    assert made.empty()


def test_a_waiting_getter_is_woken_at_once() -> None:
    made, got = quick(), list[int]()
    thread = threading.Thread(target=lambda: got.append(made.get(timeout=60)))
    thread.start()
    while not made.not_empty._waiters:  # type: ignore[attr-defined]
        pass
    made.put_nowait(7)
    thread.join(60)
    assert got == [7]


class Own(queue.Queue):  # type: ignore[type-arg]
    def put(self, item: int, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)


class WithShutdown(queue.Queue):  # type: ignore[type-arg]
    def shutdown(self) -> None: ...


@pytest.mark.parametrize("other", [queue.Queue(3), Own(), WithShutdown(), queue.SimpleQueue()],
                         ids=["limited", "own-put", "python-3.13", "simple"])  # fmt: skip
def test_another_kind_stays_as_it_is(other: object) -> None:
    assert quick_put(other) is None


def test_an_own_order_is_kept() -> None:
    """A queue of another order keeps it: its ``_put`` is called."""
    made: queue.PriorityQueue[int] = queue.PriorityQueue()
    put = quick_put(made)
    assert put is not None
    for number in (3, 1, 2):
        put(number)
    assert [made.get() for _ in range(3)] == [1, 2, 3]
