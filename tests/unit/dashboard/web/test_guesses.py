"""Pauses grow with wrong guesses, by address, and end."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard.web import guesses
from collectd_fedmsg_dashboard.web.guesses import FREE_GUESSES, MAX_PAUSE, Pauses, network


@pytest.fixture
def clock(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(guesses.time, "monotonic", lambda: moment[0])
    return moment


def test_pauses_double_up_to_a_bound_and_are_forgiven(clock):
    pauses = Pauses()
    seen = []
    for _ in range(FREE_GUESSES + 12):
        pauses.wrong("192.0.2.1")
        seen.append(pauses.left("192.0.2.1"))
    assert seen[:FREE_GUESSES] == [0.0] * FREE_GUESSES
    assert seen[FREE_GUESSES : FREE_GUESSES + 4] == [1.0, 2.0, 4.0, 8.0]
    assert seen[-1] == MAX_PAUSE
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
    ("address", "one"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:a:b:c:d", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)
def test_what_one_guesser_has(address, one):
    assert network(address) == one
