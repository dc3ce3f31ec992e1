"""Messages counted by token: balanced in every sample, whatever threads and coroutines do."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time

import pytest

from collectd_fedmsg.hub.message_counts import MAX_CLAMPED, MessageCounts
from collectd_fedmsg.hub.stacks import Sampler
from collectd_fedmsg.protocol.sample import Sample
from examples.processes import wait_for


class Clock:
    """Nanoseconds that a test moves."""

    def __init__(self) -> None:
        self.now = 10**9

    def __call__(self) -> int:
        return self.now


def test_threads_balance_in_every_sample():
    """Eight threads and a sampler: every sample balances, nothing is lost."""
    counts, done = MessageCounts("C", workers=8), threading.Event()
    samples: list[Sample] = []

    def sampling() -> None:
        while not done.is_set():
            samples.append(counts.sample(0))

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(2000):
            error = KeyError() if chance.random() < 0.25 else None
            counts.end(counts.begin(chance.choice("abc")), error)

    sampler = threading.Thread(target=sampling)
    sampler.start()
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    sampler.join()
    last = counts.sample(0)
    assert (last.received, last.processed, last.in_progress) == (16000, 16000, 0)
    assert sum(last.topics.values()) == sum(last.topic_processed.values()) == 16000
    for earlier, later in zip(samples, samples[1:]):
        assert earlier.received <= later.received
        assert earlier.busy <= later.busy
        assert earlier.failed <= later.failed


def test_coroutines_on_one_thread_are_each_in_hand():
    counts, most = MessageCounts("C"), []

    async def handle(number: int) -> None:
        token = counts.begin("t")
        await asyncio.sleep(0)
        most.append(counts.sample(0).in_progress)
        counts.end(token)

    async def all_at_once() -> None:
        await asyncio.gather(*(handle(number) for number in range(20)))

    asyncio.run(all_at_once())
    assert max(most) == 20
    assert counts.sample(0).processed == 20


def test_what_runs_counts_with_its_elapsed_time():
    clock = Clock()
    counts = MessageCounts("C", clock=clock)
    token = counts.begin("t")
    clock.now += 3 * 10**9
    sample = counts.sample(0)
    assert (sample.busy, sample.oldest, sample.service_max) == (3_000_000, 3.0, 3.0)
    clock.now += 10**9
    counts.end(token)
    sample = counts.sample(0)
    assert (sample.busy, sample.oldest, sample.processed) == (4_000_000, None, 1)


def test_without_a_callable_the_backlog_is_hidden():
    counts = MessageCounts("C")
    counts.begin()
    assert not counts.sample(0).observable


def test_what_waits_is_the_callable_s():
    waits = [7]
    counts = MessageCounts("C", waiting=lambda: waits[0])
    counts.begin()
    sample = counts.sample(0)
    assert (sample.received, sample.waiting, sample.in_progress) == (8, 7, 1)
    assert sample.observable


@pytest.mark.parametrize("waiting", [lambda: 1 / 0, lambda: None, lambda: "many"])
def test_a_callable_that_fails_hides_it_for_that_sample(waiting):
    counts = MessageCounts("C", waiting=waiting)
    counts.begin()
    sample = counts.sample(0)
    assert (sample.observable, sample.received) == (False, 1)


def test_a_queue_whose_messages_others_take_is_none_of_this_process():
    """For a sample or two it may be the moment between two readings; then it is a shared queue."""
    waits = [100]
    counts = MessageCounts("C", waiting=lambda: waits[0])
    assert counts.sample(0).observable
    waits[0] = 40
    samples = [counts.sample(0) for _ in range(MAX_CLAMPED + 1)]
    assert samples[0].observable
    assert not samples[-1].observable
    assert [sample.received for sample in samples] == [100] * len(samples)


def test_a_token_ends_once_and_in_its_own_process():
    counts = MessageCounts("C")
    token = counts.begin()
    counts.end(token)
    counts.end(token, KeyError())
    token_after_fork = counts.begin()
    counts.begin_again()
    counts.end(token_after_fork)
    sample = counts.sample(0)
    assert (sample.received, sample.processed, sample.failed) == (0, 0, 0)


@pytest.mark.parametrize("topic", [None, 3, "", ["a"], "x" * 500])
def test_a_topic_of_any_shape_is_counted(topic):
    counts = MessageCounts("C")
    counts.end(counts.begin(topic))
    assert counts.sample(0).topics == {"other": 1}


def test_delays_are_of_the_wall_clock():
    clock = Clock()
    counts = MessageCounts("C", clock=clock, wall=lambda: 1000.0 + clock.now / 1e9)
    counts.end(counts.begin("t", sent=1000.0 + clock.now / 1e9 - 4))
    assert counts.sample(0).delay == pytest.approx(4)


def test_failures_are_counted_by_topic_class_and_place():
    """In a function and in a coroutine: the consumer's own frame, none of ours, no text."""
    counts = MessageCounts("C")

    def fails(topic: str) -> None:
        token = counts.begin(topic)
        try:
            {}["a secret"]
        except KeyError as error:
            counts.end(token, error)

    async def fails_too() -> None:
        fails("b")

    fails("a"), fails("a")
    asyncio.run(fails_too())
    rows = {row.topic: row for row in counts.sample(0).failures}
    assert {topic: (row.kind, row.total) for topic, row in rows.items()} == {
        "a": ("KeyError", 2),
        "b": ("KeyError", 1),
    }
    for row in rows.values():
        assert "fails" in row.places
        assert "secret" not in row.places
        assert "collectd_fedmsg." not in row.places


@pytest.mark.parametrize("kind", ["thread", "coroutine"])
def test_where_the_time_is_spent(kind):
    """A message that waits in a function or a coroutine is looked at there."""
    counts, begun, go_on = MessageCounts("C", packages=()), threading.Event(), threading.Event()

    def waits_here() -> None:
        token = counts.begin("t")
        begun.set()
        go_on.wait(120)
        counts.end(token)

    async def waits_there() -> None:
        token = counts.begin("t")
        while not go_on.is_set():
            begun.set()
            await asyncio.sleep(0.05)
        counts.end(token)

    target = waits_here if kind == "thread" else lambda: asyncio.run(waits_there())
    thread = threading.Thread(target=target)
    thread.start()
    assert begun.wait(60)
    sampler = Sampler([counts.stacks])

    def is_seen() -> bool:
        time.sleep(sampler.due())
        sampler.look()
        return any("waits" in row.own for row in counts.sample(0).stacks)

    wait_for("it is seen", is_seen)
    [row] = [row for row in counts.sample(0).stacks if "waits" in row.own]
    go_on.set()
    thread.join(60)
    assert row.own.startswith(f"{__name__}:test_where_the_time_is_spent.<locals>.waits_")
    assert (row.topic, row.state) == ("t", "waiting")
    assert row.library.split(":")[-1] == {"thread": "Event.wait", "coroutine": "sleep"}[kind]
    counts.sample(0)
    assert not counts.stacks.begun()


def test_many_coroutines_and_threads_with_looks_lose_nothing():
    """Looks while 2,000 messages begin and end in coroutines and threads: exact, and no error."""
    counts, done = MessageCounts("C", packages=()), threading.Event()

    async def handle(number: int) -> None:
        token = counts.begin("t")
        await asyncio.sleep(0)
        counts.end(token)

    async def all_at_once() -> None:
        for _ in range(50):
            await asyncio.gather(*(handle(number) for number in range(20)))

    def looking() -> None:
        while not done.is_set():
            begun = counts.stacks.begun()
            counts.stacks.count(
                counts.stacks.look(begun, sys._current_frames()), 0, 0.001, full=False
            )
            counts.sample(0)

    threads = [threading.Thread(target=asyncio.run, args=(all_at_once(),)) for _ in range(2)]
    looker = threading.Thread(target=looking)
    for thread in [looker, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    looker.join()
    assert counts.sample(0).processed == 2000
