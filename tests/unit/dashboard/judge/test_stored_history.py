"""What a restart has lost, from the series that RRD keeps of it."""

from __future__ import annotations

from collectd_fedmsg_dashboard.judge.stored_history import history
from collectd_fedmsg_dashboard.store.series import Series


def test_lost_is_what_waited_before_the_end() -> None:
    """RRD gives the time without the daemon the new run's backlog: that is not what was lost."""
    received = [5.0] * 20 + [None] * 4 + [5.0] * 6
    backlog = [float(n) for n in range(20)] + [0.0] * 4 + [0.0] * 6
    columns = {"received": Series(1000, 1, received), "processed": Series(1000, 1, received),
               "backlog": Series(1000, 1, backlog)}
    found = history(columns, "Notifier")
    assert found is not None
    assert [(one.time, one.lost) for one in found.restarts] == [(1024, 19.0)]
