"""The backlog's axis shows what waits now, whatever stood in the span before."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard.draw.scale import acting, scale
from collectd_fedmsg_dashboard.store.series import Points

STEP, FLOOR, LIMIT = 5, 10.0, 20.0
QUIET: list[float | None] = [0, 2, 0, 1] * 10
#: A surge of 44,300, drained at 9,000/s.
SPIKE: list[float | None] = [13_000, 44_300, 8_100]
#: The same, drained at 50/s: three quarters of an hour at a step of 15 s.
SLOW_DRAIN: list[float | None] = [44_300.0 - 50 * 15 * i for i in range(59)]


def grown(seconds: float) -> list[float | None]:
    """Return a backlog that grows by five a second, from its second step on."""
    return [5.0 * at for at in range(STEP, int(seconds) + STEP, STEP)]


@pytest.mark.parametrize(
    ("points", "now"),
    [
        pytest.param([*QUIET, *SPIKE, 0, 60], 60, id="5-s-after-the-spike"),
        pytest.param([*QUIET, *SPIKE, 0, *grown(15)], 75, id="after-15-s"),
        pytest.param([*QUIET, *SPIKE, 0, *grown(45)], 225, id="after-45-s"),
        pytest.param([*QUIET, *SPIKE, 0, *grown(300)], 1500, id="after-5-min"),
        pytest.param([*SPIKE, 0, 222], 222, id="young-span"),
        pytest.param([*SPIKE, None, None, 3, 30], 30, id="after-a-gap"),
        pytest.param([*QUIET, *SPIKE, 400, 600, 900], 900, id="never-drained-but-doubled"),
        pytest.param([*QUIET, *SPIKE, *[300, 290, 310] * 9], 310, id="drain-stopped-above-floor"),
        pytest.param([*SLOW_DRAIN, 0, 25], 25, id="after-a-long-drain"),
        pytest.param([*[44_300] * 150, 0, 222], 222, id="spike-of-most-of-the-span"),
    ],
)
def test_an_ended_spike_is_cut(points: Points, now: float) -> None:
    """What waits now fills the axis, whatever else is in the span; the spike is marked as cut."""
    made = scale([points], LIMIT, behind=True, floor=FLOOR)
    assert acting(points, FLOOR) == now
    assert (made.cut, made.top) == (True, 1.25 * now)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([*QUIET, 13_000], id="begins"),
        pytest.param([*QUIET, 13_000, 44_300], id="grows"),
        pytest.param([*QUIET, 13_000, 44_300, 44_000, 43_900], id="stands"),
        pytest.param([*QUIET, *SPIKE], id="drains-fast"),
        pytest.param([*QUIET, *SPIKE, 300], id="drains-fast-nearly-gone"),
        pytest.param([*QUIET, *SLOW_DRAIN], id="drains-slowly-nearly-gone"),
        pytest.param([*QUIET, *SLOW_DRAIN[:50]], id="drains-slowly"),
        pytest.param([*QUIET, *SLOW_DRAIN[:40], None, *SLOW_DRAIN[41:55]], id="drains-with-a-gap"),
        pytest.param([*[0] * 300, *SLOW_DRAIN[:50]], id="drains-slowly-long-span"),
        pytest.param([*[700, 900, 1200] * 30], id="regular-waves"),
    ],
)
def test_a_spike_that_acts_is_whole(points: Points) -> None:
    """The spike is the incident until it is drained: its peak is in the picture."""
    panel_scale = scale([points], LIMIT, behind=True, floor=FLOOR)
    assert not panel_scale.cut
    assert panel_scale.top >= max(value for value in points if value is not None)


@pytest.mark.parametrize(
    ("before", "cut"),
    [pytest.param(QUIET[:10], False, id="young"), pytest.param(QUIET * 4, True, id="old")],
)
@pytest.mark.parametrize("end", [[8, 4], [8, 4, 0], [8, 4, 0, 0, 0]])
def test_a_drained_spike_does_not_flicker(before: Points, cut: bool, end: Points) -> None:
    """Whether it is whole depends on its share of the span, not on the last few messages."""
    points: Points = [*before, *SPIKE, *end]
    for behind in (True, False):
        assert scale([points], LIMIT, behind, FLOOR).cut == cut


def test_below_the_limit_nothing_must_be_seen() -> None:
    """A few messages below an alert's limit are no incident: the axis is the limit's."""
    panel_scale = scale([[*QUIET * 4, *SPIKE, 0, 12]], LIMIT, behind=True, floor=FLOOR)
    assert (panel_scale.cut, panel_scale.top) == (True, LIMIT * 1.25)


@pytest.mark.parametrize(
    ("received", "processed"),
    [
        pytest.param(
            [*[8.0] * 12, 2727, 3457, 3840, *[8.0] * 6], [*[8.0] * 17, 4, 2, 2, 2], id="slow-now"
        ),
        pytest.param([*[8.0] * 20, 2727, 3457, 3840, 8, 8], [*[8.0] * 23, 80, 90], id="drains-now"),
        pytest.param([*[8.0] * 20, 9000, 9000, 40, 42], [*[8.0] * 24], id="small-surge-now"),
    ],
)
def test_the_flows_of_now_are_seen(received: Points, processed: Points) -> None:
    """The change of now is a quarter of the axis at least; the surge before is cut."""
    panel_scale = scale([received, processed], 0.0, behind=True)
    now = max(value or 0.0 for points in (received, processed) for value in points[-2:])
    assert panel_scale.cut
    assert max(now, 8) <= panel_scale.top <= 4 * max(now, 8)
