"""A queue's figures become samples; what the broker does not say is unknown, with the reason."""

from __future__ import annotations

import pytest

from collectd_fedmsg.collector.sources.queue_account import (
    NO_TOTALS,
    UNCOUNTED,
    Figures,
    QueueAccount,
)

STATS = {"publish": 170, "ack": 17, "deliver_no_ack": 78, "get_no_ack": 5, "redeliver": 12}


@pytest.mark.parametrize(
    ("row", "counts_all", "expected"),
    [
        pytest.param(
            {"messages": 15, "consumers": 2, "message_stats": STATS},
            True,
            Figures(170, 100, 12, 15, 2),
            id="all",
        ),
        pytest.param(
            {"messages": 3, "consumers": 0, "message_stats": {"publish": 3}},
            True,
            Figures(3, 0, 0, 3, 0),
            id="only-published-yet",
        ),
        pytest.param(
            {"messages": 0, "consumers": 1}, True, Figures(0, 0, 0, 0, 1), id="never-used"
        ),
        pytest.param(
            {"messages": 0, "consumers": 1},
            False,
            Figures(None, None, None, 0, 1),
            id="never-used-or-AMQP-1.0",
        ),
        pytest.param({}, True, Figures(None, None, None, None, None), id="just-declared"),
        pytest.param({"messages": 4}, False, Figures(None, None, None, 4, None), id="queue-totals"),
    ],
)
def test_figures(row, counts_all, expected):
    assert Figures.of(row, counts_all) == expected


@pytest.mark.parametrize(
    "row",
    [
        {"messages": -1},
        {"messages": "1"},
        {"messages": True},
        {"messages": 1.5},
        {"message_stats": {"publish": None}},
        {"message_stats": [1]},
        {"consumers": []},
    ],
)
def test_what_is_no_count_is_refused(row):
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Figures.of(row, True)


def test_no_figures_is_no_sample():
    """A broker has no figures for 5 s after a declaration: no sample, rather than 0."""
    assert QueueAccount().samples(Figures(None, None, None, None, None), 10) == []


def test_totals_that_appear_were_nothing_before():
    """The messages that came between two rounds have a rate: the first total is stored as 0."""
    account = QueueAccount()
    [idle] = account.samples(Figures(None, None, None, 0, 1), 10)
    assert (idle.received, idle.backlog) == (None, 0)
    before, now = account.samples(Figures(862, 2, 0, 860, 1), 20)
    assert (before.time, before.received, before.processed, before.backlog) == (10, 0, 0, None)
    assert (now.time, now.received, now.processed, now.backlog) == (20, 862, 2, 860)


def test_a_queue_without_totals_says_why():
    account = QueueAccount()
    [sample] = account.samples(Figures(None, None, None, 40, 0), 10)
    assert (sample.received, sample.processed, sample.backlog) == (None, None, 40)
    assert account.why == NO_TOTALS


def test_a_target_of_dead_letters_says_why():
    account = QueueAccount()
    for number in range(9):
        [sample] = account.samples(Figures(0, 0, 0, 5 * number, 0), 10 * number)
    assert (sample.received, sample.vanished, sample.backlog) == (None, None, 40)
    assert account.why == UNCOUNTED


def test_after_a_restart_of_the_node_the_totals_are_from_nothing():
    """Total, nothing, a higher total: stored 0 in between, so no rate is drawn across."""
    account = QueueAccount()
    account.samples(Figures(500, 480, 0, 20, 1), 10)
    account.samples(Figures(None, None, None, 15, 0), 20)
    times = [
        (sample.time, sample.received) for sample in account.samples(Figures(900, 0, 0, 915, 0), 30)
    ]
    assert times == [(20, 0), (30, 900)]


def test_what_vanishes_from_a_queue_without_totals_at_first():
    """On 4.x an unused queue has no totals; what expires from it later has vanished, all of it."""
    account = QueueAccount()
    for number in range(3):
        [sample] = account.samples(Figures(None, None, None, 2, 0), 20 * number)
    assert sample.vanished is None
    for number in range(3, 6):
        *_, sample = account.samples(Figures(25, 0, 0, 2, 0), 20 * number)
    assert (sample.received, sample.processed, sample.backlog, sample.vanished) == (25, 0, 2, 25)


def test_messages_that_pass_uncounted_are_not_vanished():
    """AMQP 1.0 on 4.x: what waits comes and goes without totals; the first total is no loss."""
    account = QueueAccount()
    for number, waiting in enumerate((0, 40, 7, 90, 3)):
        account.samples(Figures(None, None, None, waiting, 1), 20 * number)
    for number in range(5, 9):
        *_, sample = account.samples(Figures(5, 5, 0, 3, 1), 20 * number)
    assert sample.vanished == 0
