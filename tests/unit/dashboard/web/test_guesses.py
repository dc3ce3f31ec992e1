"""Pauses grow with wrong guesses, by address, and end."""

from __future__ import annotations

import threading

import pytest
from collectd_fedmsg_dashboard.web import guesses
from collectd_fedmsg_dashboard.web.guesses import (
    FREE_GUESSES,
    MAX_PAUSE,
    Pauses,
    Turns,
    neighbourhood,
    network,
)

from examples.processes import wait_for


@pytest.fixture
def clock(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(guesses.time, "monotonic", lambda: moment[0])
    return moment


def test_pauses_double_up_to_a_bound_and_are_forgiven(clock):
    pauses = Pauses()
    seconds_left = []
    for _ in range(FREE_GUESSES + 12):
        pauses.wrong("192.0.2.1")
        seconds_left.append(pauses.left("192.0.2.1"))
    assert seconds_left[:FREE_GUESSES] == [0.0] * FREE_GUESSES
    assert seconds_left[FREE_GUESSES : FREE_GUESSES + 4] == [1.0, 2.0, 4.0, 8.0]
    assert seconds_left[-1] == MAX_PAUSE
    assert pauses.left("192.0.2.2") == 0.0
    clock[0] += MAX_PAUSE
    assert pauses.left("192.0.2.1") == 0.0
    clock[0] += guesses.FORGIVEN_AFTER
    pauses.wrong("192.0.2.1")
    assert pauses.left("192.0.2.1") == 0.0


def test_a_right_one_ends_the_pause():
    pauses = Pauses()
    for _ in range(FREE_GUESSES + 3):
        pauses.wrong("::1")
    assert pauses.left("::1") > 0
    pauses.right("::1")
    assert pauses.left("::1") == 0


def test_addresses_are_bounded(monkeypatch):
    monkeypatch.setattr(guesses, "MAX_ADDRESSES", 3)
    pauses = Pauses()
    for number in range(10):
        pauses.wrong(f"192.0.2.{number}")
    assert len(pauses._wrong) == 3


@pytest.mark.parametrize(
    ("address", "guesser"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:a:b:c:d", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)
def test_what_one_guesser_has(address, guesser):
    assert network(address) == guesser


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("192.0.2.1", "192.0.0.0/16"),
        ("::ffff:192.0.2.1", "192.0.0.0/16"),
        ("2001:db8:0:1::1", "2001:db8::/48"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.1.2.3", "127.0.0.0/8"),
        ("::1", "::1"),
        ("unix:", "unix:"),
    ],
)
def test_neighbourhoods(address, near):
    assert neighbourhood(address) == near


def test_a_neighbourhood_becomes_noisy_and_quiet_again(clock):
    """By new addresses of one network; another network is not."""
    pauses = Pauses()
    for number in range(guesses.NOISY_GUESSES):
        assert not pauses.noisy("127.9.9.9")
        pauses.wrong(f"127.1.{number}.1")
    assert pauses.noisy("127.9.9.9")
    assert not pauses.noisy("127.0.0.1")
    clock[0] += guesses.NOISY_SECONDS + 1
    assert not pauses.noisy("127.9.9.9")


def test_who_comes_again_has_the_next_turn(monkeypatch):
    """New addresses are refused at once, also while he waits; he waits for a bounded time."""
    monkeypatch.setattr(guesses, "WAIT_SECONDS", 60.0)
    turn, granted, outcomes = Turns(), threading.Event(), []

    def waits_for_turn() -> None:
        with turn.taken("192.0.2.1", noisy=True) as has_turn:
            outcomes.append(has_turn)
            granted.set()

    with turn.taken("192.0.2.9", noisy=True) as first:
        assert first
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            with turn.taken(address, noisy=True) as has_turn:
                assert not has_turn
        waiter = threading.Thread(target=waits_for_turn, daemon=True)
        waiter.start()
        wait_for("he waits", turn._waits[True].locked)
        with turn.taken("192.0.2.2", noisy=True) as second:
            assert not second, "one waits at a time"
        assert not granted.is_set()
    waiter.join(30)
    assert outcomes == [True]
    monkeypatch.setattr(guesses, "WAIT_SECONDS", 0.01)
    with (
        turn.taken("192.0.2.9", noisy=True),
        turn.taken("192.0.2.2", noisy=True) as late,
        turn.taken("192.0.2.2", noisy=False) as also,
    ):
        assert not late
        assert not also


def test_the_quiet_do_not_wait_for_the_noisy():
    """A noisy one waits: a quiet one takes the free turn, a noisy one does not."""
    turn = Turns()
    with turn._waits[True]:
        with turn.taken("192.0.2.2", noisy=True) as noisy:
            assert not noisy
        with turn.taken("192.0.2.3", noisy=False) as quiet:
            assert quiet
