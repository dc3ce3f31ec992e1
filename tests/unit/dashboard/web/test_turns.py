"""Whose request is answered next: quick ones at once, long ones by shares, none for ever."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard.web.turns import (
    MAX_WAIT_SECONDS,
    MAX_WAITING,
    MAX_WAITING_OF_CLIENT,
    Turns,
    is_quick,
)


class Asked:
    """A request, without a connection."""

    waits_since = 0.0

    def __init__(self, client: str = "") -> None:
        self.client, self.gone, self.refused = client, False, False

    def is_gone(self) -> bool:
        return self.gone

    def refuse(self) -> None:
        self.client, self.refused = "", True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def waiting(turns: Turns, client: str, number: int = 1) -> list[Asked]:
    tasks = [Asked(client) for _ in range(number)]
    for task in tasks:
        turns.append(task)
    return tasks


@pytest.mark.parametrize(
    ("threads", "slots", "share"), [(1, 1, 1), (2, 1, 1), (4, 2, 1), (8, 6, 3)]
)
def test_two_threads_stay_and_a_client_has_half_of_the_others(threads, slots, share):
    turns = Turns(threads)
    assert (turns.slots, turns.share) == (slots, share)
    waiting(turns, "a", 8)
    tasks = [turns.popleft() for _ in range(share)]
    assert all(task.client == "a" for task in tasks)
    # Quick ones are taken meanwhile, whatever the others hold.
    assert len(turns) == 0
    (quick,) = waiting(turns, "")
    assert turns.popleft() is quick


def test_clients_take_turns_and_a_slot_comes_back():
    turns = Turns(4)
    of_one, of_other = waiting(turns, "a", 3), waiting(turns, "b", 1)
    assert [turns.popleft(), turns.popleft()] == [of_one[0], of_other[0]]
    with pytest.raises(IndexError):
        turns.popleft()
    turns.ended("b")
    assert len(turns) == 0  # "a" has its share
    (late,) = waiting(turns, "c")
    assert turns.popleft() is late
    turns.ended("a")
    assert turns.popleft() is of_one[1]


def test_what_is_too_much_of_a_client_is_refused_at_once():
    turns = Turns(4)
    tasks = waiting(turns, "a", MAX_WAITING_OF_CLIENT + 2)
    assert [task.refused for task in tasks] == [False] * MAX_WAITING_OF_CLIENT + [True] * 2
    # Refusals are quick answers, before the long ones.
    assert [turns.popleft(), turns.popleft()] == tasks[-2:]


def test_who_is_gone_gives_way():
    turns = Turns(4)
    first, *_ = waiting(turns, "a", MAX_WAITING_OF_CLIENT)
    first.gone = True
    (newest,) = waiting(turns, "a")
    assert first.refused
    assert not newest.refused


def test_in_all_the_one_with_most_gives_way():
    turns = Turns(4)
    tasks = [waiting(turns, name, MAX_WAITING_OF_CLIENT) for name in "abcd"]
    assert sum(map(len, tasks)) == MAX_WAITING
    (newest,) = waiting(turns, "e")
    assert not newest.refused
    assert sum(task.refused for own in tasks for task in own) == 1


def test_no_request_waits_for_ever():
    clock = Clock()
    turns = Turns(4, clock)
    task, waits = waiting(turns, "a", 2)
    assert turns.popleft() is task
    clock.now += MAX_WAIT_SECONDS - 0.1
    assert len(turns) == 0
    assert not waits.refused
    clock.now += 0.1
    assert len(turns) == 1
    assert waits.refused
    assert turns.popleft() is waits


@pytest.mark.parametrize(
    "path",
    ["/", "/daemon/h/hub/C", "/panel.png", "/daemon/h/hub/C/panel.png", "/metrics",
     "/api/v1/series", "/api/v1/series.csv", "/api/v1/costs", "/api/v1/verdicts", "/not/known"],
)  # fmt: skip
def test_long(path):
    assert not is_quick("GET", path)
    assert not is_quick("HEAD", f"/queues{path}", "/queues")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/help"), ("GET", "/static/0/page.js"), ("GET", "/api/v1/daemons"),
     ("POST", "/api/v1/marks"), ("DELETE", "/api/v1/marks/x")],
)  # fmt: skip
def test_quick(method, path):
    assert is_quick(method, path)
    assert is_quick(method, f"/queues{path}", "/queues")
