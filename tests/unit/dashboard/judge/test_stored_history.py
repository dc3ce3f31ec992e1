"""What a restart has lost, from the series that RRD keeps of it."""

from __future__ import annotations

from collectd_fedmsg_dashboard.judge.stored_history import history
from collectd_fedmsg_dashboard.store.series import Series


def test_lost_is_what_waited_before_the_end() -> None:
    """RRD gives the time without the daemon the new run's backlog: that is not what was lost."""
    received = [5.0] * 20 + [None] * 4 + [5.0] * 6
    backlog = [float(n) for n in range(20)] + [0.0] * 4 + [0.0] * 6
    columns = {
        "received": Series(1000, 1, received),
        "processed": Series(1000, 1, received),
        "backlog": Series(1000, 1, backlog),
    }
    past = history(columns, "Notifier")
    assert past is not None
    assert [(restart.time, restart.lost) for restart in past.restarts] == [(1024, 19.0)]


def test_what_a_broker_lost_is_unknown() -> None:
    """Persistent messages are still there after its restart: redelivered shows that it is one."""
    received = [5.0] * 20 + [None] * 4 + [5.0] * 6
    columns = {name: Series(1000, 1, received) for name in ("received", "processed", "redelivered")}
    past = history({**columns, "backlog": Series(1000, 1, [7.0] * 30)}, "Consumer")
    assert past is not None
    assert [(restart.time, restart.lost) for restart in past.restarts] == [(1024, None)]


def test_a_queue_of_which_only_the_backlog_is_known() -> None:
    """From the start, or since the broker stopped counting: up to the newest backlog."""
    backlog = Series(1000, 10, [40.0] * 30)
    past = history({"backlog": backlog}, "Consumer")
    assert past is not None
    assert (len(past), past.end, set(past.received)) == (30, 1300.0, {None})
    flows = Series(1000, 10, [5.0] * 10 + [None] * 20)
    past = history({"backlog": backlog, "received": flows, "processed": flows}, "Consumer")
    assert past is not None
    assert (past.end, past.received[-1], past.received[0]) == (1300.0, None, 5.0)
