"""Slow responses are computed by a thread, fast ones per request; nothing is handed out too old."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard.judge import background as keeping

from collectd_fedmsg.errors import StoreError


class Maker:
    """Counts its calls; fails while ``fail`` is set; ``reached`` waits for a number of calls."""

    def __init__(self):
        self.computations, self.fail, self.more = 0, False, threading.Condition()

    def __call__(self, now):
        with self.more:
            self.computations += 1
            self.more.notify_all()
        if self.fail:
            raise StoreError("away")
        return {"at": now, "number": self.computations}

    def reached(self, number):
        with self.more:
            return self.more.wait_for(lambda: self.computations >= number, 60)


def test_a_fast_answer_is_computed_per_request(monkeypatch):
    """Within its age the same answer; afterwards a new one; no thread."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", 3600)
    make = Maker()
    keeper = keeping.ResponseCache(make, age=2, interval=10)
    assert [keeper.answer(now)["number"] for now in (100, 101.9, 102, 105)] == [1, 1, 2, 3]
    assert keeper._thread is None


def test_a_slow_answer_is_computed_by_a_thread(monkeypatch):
    """After one request a thread recomputes it, and stops when none has come for long."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    make = Maker()
    keeper = keeping.ResponseCache(make, age=0, interval=0.01)
    keeper.answer(time.time())
    assert make.reached(4)
    monkeypatch.setattr(keeping, "WATCHED_SECONDS", -1)
    keeper._thread.join(60)
    assert not keeper._thread.is_alive()


def test_a_slow_answer_that_is_too_old_is_computed_again(monkeypatch):
    """Older than an interval, and three times what it takes: not handed out."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    monkeypatch.setattr(keeping, "WATCHED_SECONDS", -1)
    make = Maker()
    keeper = keeping.ResponseCache(make, age=0, interval=10)
    assert [keeper.answer(now)["number"] for now in (100, 109, 125)] == [1, 1, 2]


def test_an_error_in_the_thread_is_raised_at_the_next_request(monkeypatch):
    """A store that goes away ends the thread; the next request gets the error."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    make = Maker()
    keeper = keeping.ResponseCache(make, age=0, interval=0.01)
    keeper.answer(time.time())
    make.fail = True
    keeper._thread.join(60)
    assert not keeper._thread.is_alive()
    with pytest.raises(StoreError):
        keeper.answer(time.time() + 60)
    make.fail = False
    assert keeper.answer(time.time() + 60)["number"] > 1


def test_the_first_answer_may_be_made_before_anybody_asks():
    """Warmed, the first reader finds it there."""
    make = Maker()
    keeper = keeping.ResponseCache(make, age=3600, interval=10)
    keeper.warm()
    assert make.reached(1)
    keeper.answer(time.time())
    assert make.computations == 1


def test_the_first_request_is_answered_that_nothing_is_judged_yet(monkeypatch):
    """The first reader of many does not wait, and the next one has what was made beside him;
    trouble is told to one of them, never kept back."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    make, unread = Maker(), {"reading": True}
    keeper = keeping.ResponseCache(make, age=0, interval=3600, meanwhile=lambda _: unread)
    make.fail = True
    assert keeper.answer(time.time()) is unread
    keeper._thread.join(60)
    with pytest.raises(StoreError):
        keeper.answer(time.time())
    make.fail = False
    assert keeper.answer(time.time()) is unread
    assert make.reached(2)
    with keeper._computing:
        pass
    assert keeper.answer(time.time())["number"] == 2


def test_what_proves_fast_is_waited_for(monkeypatch):
    """Once it is known to be made at once, nobody is told to wait for it."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", 3600)
    keeper = keeping.ResponseCache(
        Maker(), age=0, interval=10, meanwhile=lambda _: {"reading": True}
    )
    assert keeper.answer(100) == {"reading": True}
    keeper._thread.join(60)
    assert keeper.answer(time.time() + 60)["number"] == 2


def test_an_unexpected_exception_is_logged_once_and_ends_nothing(caplog):
    """Whatever is raised is a StoreError for the readers of that moment; the next one is tried."""
    broken = [True]

    def compute(now):
        if broken[0]:
            raise OverflowError("cannot convert float infinity to integer")
        return {"at": now}

    cache = keeping.ResponseCache(compute, age=0, interval=10)
    for _ in range(3):
        with pytest.raises(StoreError, match="OverflowError"):
            cache.answer(time.time())
    assert len(caplog.records) == 1
    broken[0] = False
    assert cache.answer(5.0) == {"at": 5.0}


def test_the_background_thread_is_revived(monkeypatch):
    """It ends with an exception; a reader learns of it, and the next has another one started."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    broken, computed = [True], threading.Event()

    def compute(now):
        if broken[0]:
            raise ZeroDivisionError
        computed.set()
        return {"at": now}

    unread = {"reading": True}
    cache = keeping.ResponseCache(compute, age=0, interval=3600, meanwhile=lambda _: unread)
    assert cache.answer(1.0) is unread
    cache._thread.join(60)
    with pytest.raises(StoreError):
        cache.answer(2.0)
    broken[0] = False
    assert cache.answer(3.0) is unread
    assert computed.wait(60)


def test_a_computation_that_hangs_holds_readers_for_a_bounded_time(monkeypatch):
    monkeypatch.setattr(keeping, "MAX_WAIT", 0.05)
    ended = threading.Event()
    cache = keeping.ResponseCache(lambda now: {"ended": ended.wait(120)}, age=0, interval=10)
    first = threading.Thread(target=cache.answer, args=(1.0,), daemon=True)
    first.start()
    while not cache._computing.locked():
        pass
    with pytest.raises(StoreError, match="busy"):
        cache.answer(2.0)
    ended.set()
    first.join(60)
