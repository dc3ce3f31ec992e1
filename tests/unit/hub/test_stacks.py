"""Where worker threads spend their time, looked at in real threads of a real consumer."""

from __future__ import annotations

import dis
import logging
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from moksha.hub.api import Consumer

from collectd_fedmsg.hub.code_names import CodeNames, called_at, callers
from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.stacks import Sampler, Stacks
from collectd_fedmsg.hub.thread_counts import ProcessorTimes
from collectd_fedmsg.hub_plugin import instrument, watch_failures
from collectd_fedmsg.protocol.evidence import StackTime
from collectd_fedmsg.protocol.sample import OTHER
from examples.processes import wait_for

GATE = threading.Event()
LOCK = threading.Lock()
DONE: list[bool] = []


class Worker(Consumer):  # type: ignore[misc]
    """moksha's consumer without a hub: real queue and worker threads; a topic names its method."""

    topic = "t"

    def __init__(self, threads: int = 1) -> None:
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.blocking_mode, self.N = False, threads
        self.headcount_in = self.headcount_out = self._exception_count = 0
        self._times: list[float] = []
        self.log = logging.getLogger("tests.stacks")
        self.threads = [threading.Thread(target=self._work_loop) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def debug(self, message: str = "") -> None:
        """Say nothing."""

    def consume(self, message: dict[str, Any]) -> None:
        """Do what the topic says."""
        getattr(self, message["topic"])()

    def sleeps(self) -> None:
        while not GATE.is_set():
            time.sleep(0.05)

    def waits_for_an_event(self) -> None:
        GATE.wait()

    def wants_a_lock(self) -> None:
        with LOCK:
            pass

    def acquires(self) -> None:
        LOCK.acquire()
        LOCK.release()

    def waits_for_a_process(self) -> None:
        while not GATE.is_set():
            subprocess.run([sys.executable, "-S", "-c", "import time; time.sleep(0.3)"], check=True)

    def waits_for_a_table(self) -> None:
        with sqlite3.connect(self.file, timeout=60.0) as database:
            database.execute("INSERT INTO t VALUES (1)")

    def computes(self) -> None:
        number = 0
        while not DONE:
            number += 1

    def searches(self) -> None:
        while not GATE.is_set():
            re.match(r"(a+)+$", "a" * 18 + "b")

    def keeps_the_interpreter(self) -> None:
        while not GATE.is_set():
            re.match(r"(a+)+$", "a" * 25 + "b")

    def fails(self) -> None:
        {}["of no such user"]


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Yield a worker whose thread ends with the test."""
    GATE.clear()
    DONE.clear()
    instance = Worker()
    yield instance
    GATE.set()
    DONE.append(True)
    instance.incoming.put(StopIteration)
    for thread in instance.threads:
        thread.join(30)


def looked(counts: Counts, done: Callable[[], bool]) -> tuple[StackTime, ...]:
    """Look as the plugin's thread does until something is done; return what a sample says."""
    assert counts.stacks is not None
    sampler = Sampler([counts.stacks])

    def looked_again() -> bool:
        time.sleep(sampler.due())
        sampler.look()
        return done()

    wait_for("it is seen", looked_again)
    return counts.sample(1.0).stacks


@pytest.mark.parametrize(("topic", "library", "state"), [
    ("sleeps", "sleep", "waiting"),
    ("waits_for_an_event", "threading:Event.wait", "waiting"),
    ("wants_a_lock", "with", "waiting"),
    ("acquires", "acquire", "waiting"),
    ("waits_for_a_process", "subprocess:run", "waiting"),
    ("waits_for_a_table", "execute", "waiting"),
    ("computes", "", "computing"),
    ("searches", "re:match", "computing"),
])  # fmt: skip
def test_it_says_where(
    worker: Worker, tmp_path: Path, topic: str, library: str, state: str
) -> None:
    """Own function, what it called, waiting or computing; at most a look or two say otherwise."""
    worker.file = tmp_path / "t.db"
    holder = sqlite3.connect(worker.file, isolation_level=None)
    holder.execute("CREATE TABLE t (n)")
    holder.execute("BEGIN EXCLUSIVE")
    counts = instrument(worker, "Worker", True)
    with LOCK:
        worker.incoming.put({"topic": topic})
        looks = iter(range(1000))
        rows = looked(counts, lambda: next(looks) >= 12)
        first = counts.sample(2.0).in_hand
    holder.close()
    GATE.set()
    function = f"{__name__}:Worker.{topic}"
    right = sum(row.busy for row in rows
                if row.own.rpartition(":")[0] == function and row.state == state
                and (row.library == library or sys.version_info < (3, 11)))  # fmt: skip
    total = sum(row.busy for row in rows)
    assert total > 0
    assert right >= 0.75 * total, rows
    [message] = first
    assert (message.topic, message.own.rpartition(":")[0]) == (topic, function)
    assert message.age >= 1


class Played:
    """A thread with one message in hand, whose processor times the test gives; in ms a look."""

    started, topic, state, running = 0, "t", "", True
    times_at_first: ProcessorTimes | None = ProcessorTimes(0, 0)

    def __init__(self, looks: list[tuple[float, float]]) -> None:
        self._looks = iter(looks)
        self._times = ProcessorTimes(0, 0)

    def frames(self, by_thread: Mapping[int, FrameType]) -> Iterable[FrameType]:
        return ()

    def processor_times(self) -> ProcessorTimes:
        advanced, ready = next(self._looks)
        self._times = ProcessorTimes(
            self._times.ran + int(advanced * 1e6), self._times.ready + int(ready * 1e6)
        )
        return self._times


@pytest.mark.parametrize(("looks", "states"), [
    pytest.param([(0, 0)], ["waiting"], id="waits"),
    pytest.param([(98, 1)], ["computing"], id="computes"),
    pytest.param([(50, 0)], ["computing"], id="half-the-time"),
    pytest.param([(49, 0)], ["waiting"], id="less-than-half"),
    pytest.param([(8, 90)], ["computing"], id="computes-among-many"),
    pytest.param([(0.3, 60)], ["waiting"], id="woke-and-had-to-queue"),
    pytest.param([(0.3, 99), (0.2, 99)], ["waiting", "waiting"], id="woke-twice"),
    pytest.param([(40, 60), (0, 100), (0, 0)], ["computing", "computing", "waiting"],
                 id="no-turn-does-what-it-did"),
])  # fmt: skip
def test_ready_without_a_turn(looks: list[tuple[float, float]], states: list[str]) -> None:
    """A thread that wakes and queues for a processor waits; one that has turns computes."""
    played = Played(looks)
    stacks = Stacks((), lambda: [played], str)
    for number, state in enumerate(states, 1):
        stacks.count({played: ("t", "a:b:1", "c")}, number * 100_000_000, 0.1, full=False)
        assert played.state == state


def test_c_code_that_keeps_the_interpreter(worker: Worker) -> None:
    """A search of a second delays every look; the sample says so."""
    counts = instrument(worker, "Worker", True)
    worker.incoming.put({"topic": "keeps_the_interpreter"})
    states: set[str] = set()
    sampler = Sampler([counts.stacks]) if counts.stacks else None
    assert sampler is not None

    def is_late() -> bool:
        time.sleep(sampler.due())
        sampler.look()
        states.update(row.state for row in counts.sample(1.0).stacks)
        return "held" in states

    wait_for("a look came late", is_late, 120)
    GATE.set()


def test_no_value_leaves(worker: Worker) -> None:
    """Exceptions go by class and place; the text, which holds users' data, goes nowhere."""
    counts = instrument(worker, "Worker", True)
    watch_failures([worker], [counts])
    for _ in range(3):
        worker.incoming.put({"topic": "fails"})
    wait_for("all have failed", lambda: counts.sample(1.0).failed == 3)
    [failure] = counts.sample(2.0).failures
    assert (failure.topic, failure.kind, failure.total) == ("fails", "KeyError", 3)
    raised, caller, moksha = failure.places.split("<")
    assert raised.startswith(f"{__name__}:")
    assert "Worker.fails" in raised or sys.version_info < (3, 11)
    assert (caller.split(":")[0], moksha.split(":")[0]) == (__name__, "moksha.hub.api.consumer")
    assert failure.first <= failure.last
    assert "no such user" not in str(counts.sample(3.0))


def test_places_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More places than are kept go under "other", and the totals still only grow."""
    monkeypatch.setattr("collectd_fedmsg.hub.stacks.MAX_PLACES", 5)
    counts = Counts("C", threading.Lock(), [], 1, packages=())
    assert counts.stacks is not None
    own = counts._by_thread.for_this_thread(direct=True)
    for number in range(20):
        counts.stacks.count({own: (f"t{number}", "a:b:1", "c")}, 0, 1.0, False)
    rows = {row.topic: row.busy for row in counts.stacks.report(0, 0)}
    assert len(rows) == 6
    assert rows[OTHER] == 15_000_000


def test_a_library_s_consumer_is_its_own(tmp_path: Path) -> None:
    """A consumer that is installed among the libraries is named, not what calls it."""
    code = compile("def consume(f):\n    return f()", f"{tmp_path}/site-packages/own.py", "exec")
    for package, expected in (("datanommer", "datanommer.consumer:consume"), ("psycopg", "")):
        space: dict[str, Any] = {"__name__": f"{package}.consumer"}
        exec(code, space)
        frame = space["consume"](sys._getframe)
        own, library = CodeNames({"datanommer"}).fold(callers(frame))
        assert own.startswith(expected or __name__)
        assert package == "datanommer" or library == "psycopg.consumer:consume"


def test_threads_that_come_and_go(worker: Worker) -> None:
    """Looks at threads while they die by the hundred: nothing raises, nothing ends."""
    counts = instrument(worker, "Worker", True)
    assert counts.stacks is not None
    sampler = Sampler([counts.stacks])
    ended = threading.Event()

    def churn() -> None:
        while not ended.is_set():
            thread = threading.Thread(target=worker._do_work, args=({"topic": "debug"},))
            thread.start()
            thread.join()

    churning = [threading.Thread(target=churn) for _ in range(4)]
    for thread in churning:
        thread.start()
    before = counts.sample(1.0).processed
    try:

        def enough() -> bool:
            sampler._due = 0
            sampler.look()
            return counts.sample(1.0).processed >= before + 500

        wait_for("500 threads have ended", enough, 60)
    finally:
        ended.set()
        for thread in churning:
            thread.join(30)


def test_a_pipe_in_place_of_a_source_is_not_read(tmp_path: Path) -> None:
    """The name of what is called is left out; no thread waits for the pipe's other end."""
    path = tmp_path / "source.py"
    os.mkfifo(path)
    code = compile("sum(range(9))", str(path), "exec")
    offsets = [step.offset for step in dis.get_instructions(code) if step.opname.startswith("CALL")]
    assert offsets
    assert [called_at(code, offset) for offset in offsets] == [""] * len(offsets)
