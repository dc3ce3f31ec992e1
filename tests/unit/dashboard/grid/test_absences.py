"""A backlog that was not measured is missing, though RRD has filled it in."""

from __future__ import annotations

import pytest

bridged = pytest.importorskip("collectd_fedmsg_dashboard.grid.absences")
N = None


@pytest.mark.parametrize(("gauge", "total", "expected"), [
    pytest.param([3.0, 0.0, 0.0, 0.0, 1.0], [5.0, N, N, N, 5.0], [3.0, N, N, 0.0, 1.0],
                 id="away-then-back-with-nothing"),
    pytest.param([3.0, 7.0, 7.0, 8.0, 8.0], [5.0, N, N, 5.0, 5.0], [3.0, N, 7.0, 8.0, 8.0],
                 id="away-then-back-with-a-backlog"),
    pytest.param([0.0, 0.0, 0.0], [5.0, N, 5.0], [0.0, 0.0, 0.0], id="quick-restart-loses-no-step"),
    pytest.param([4.0, 4.0, 4.0, 4.0], [N, N, 5.0, 5.0], [4.0] * 4, id="history-without-totals"),
    pytest.param([4.0, 4.0, 4.0], [5.0, N, N], [4.0] * 3, id="no-total-yet"),
    pytest.param([4.0, 1.0, 2.0, 3.0, 3.0], [5.0, N, N, N, 5.0], [4.0, 1.0, 2.0, 3.0, 3.0],
                 id="measured-by-another"),
    pytest.param([4.0, N, N, N, 3.0], [5.0, N, N, N, 5.0], [4.0, N, N, N, 3.0], id="unknown-stays"),
])  # fmt: skip
def test_what_the_next_value_alone_speaks_for_is_missing(gauge, total, expected):
    """Only within a gap of the totals, and but for the step in which the daemon was back."""
    assert bridged.unbridged(gauge, bridged.gaps(total)) == expected


@pytest.mark.parametrize(("total", "expected"), [
    ([], []), ([N], []), ([N, N, 1.0, 2.0, N, N], []), ([1.0, N, 2.0], []),
    ([1.0, N, N, 2.0, N, N, N, 3.0, N], [(1, 2), (4, 6)]),
])  # fmt: skip
def test_gaps_lie_between_known_totals(total, expected):
    """None of one step: there the next value is the daemon's own."""
    assert bridged.gaps(total) == expected
