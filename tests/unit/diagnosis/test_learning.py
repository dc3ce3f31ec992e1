"""What is learnt as usual, and what never: a trouble, its drain, a change that was coped with."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis import Baseline, Verdict, diagnose
from collectd_fedmsg.diagnosis.calm import calm_places, calm_usual, coped_with
from collectd_fedmsg.diagnosis.hours import Hour
from collectd_fedmsg.diagnosis.verdict import Drain

from .played import END, Part, history, past, play

HOUR, DAY = 3600, 86400
#: Ten minutes of calm at 10/s and 40 ms, a surge of five minutes, and its drain.
CALM, SURGE, DRAIN = Part(60, 10.0, 0.04), Part(30, 60.0, 0.04), Part(240, 10.0, 0.08)


def young(hours, calm=None):
    """Return a baseline of as many hours, all of one trouble: thousands waited."""
    return Baseline(
        tuple(
            Hour(END - (hours + 1 - i) * HOUR, 20.0, 15.0, 5000.0, 0.3, 0.0, 1.0)
            for i in range(hours)
        ),
        calm=calm,
    )


@pytest.mark.parametrize(
    ("hours", "level"),
    [
        pytest.param(3, 0.0, id="three-hours-of-one-trouble"),
        pytest.param(40, 0.0, id="two-days-of-it"),
        pytest.param(80, 5000.0, id="so-for-days-is-usual"),
    ],
)
def test_a_backlog_is_usual_once_three_days_have_shown_it(hours, level):
    assert young(hours).usual(END).backlog == level


def test_a_short_queue_is_usual_from_the_first_hours():
    hours = tuple(Hour(END - (4 - i) * HOUR, 1.0, 1.0, 3.5, 0.5, 0.0, 1.0) for i in range(3))
    assert Baseline(hours).usual(END).backlog == 3.5


def test_calm_minutes_teach_a_young_daemon():
    """A surge and its drain are left out, whatever their part of the day."""
    usual = calm_usual(history(play([CALM, SURGE, DRAIN]), window=DAY))
    assert usual.received == pytest.approx(10, rel=0.05)
    assert usual.service == pytest.approx(0.04, rel=0.05)
    assert usual.backlog < 5


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        pytest.param([CALM], 60, id="calm"),
        pytest.param([CALM, SURGE], 60, id="not-the-surge"),
        pytest.param([Part(1, 5000.0, 0.04), Part(120, 10.0, 0.08)], 0, id="only-its-drain"),
    ],
)
def test_a_queue_that_is_never_empty_is_not_calm(parts, places):
    """Within an hour in which thousands waited all the time nothing shows the usual."""
    past = history(play(parts))
    assert len(calm_places(past, len(past))) == pytest.approx(places, abs=1)


def test_too_few_calm_minutes_teach_nothing():
    assert calm_usual(history(play([Part(29, 10.0, 0.04), SURGE]))) is None


def test_a_calm_day_stands_before_the_hours_of_a_trouble():
    """The limit of a young daemon is by its calm minutes; a surge hours later is one."""
    calm = calm_usual(history(play([CALM, SURGE, DRAIN]), window=DAY))
    known = young(5, calm)
    assert known.usual(END).received == pytest.approx(10, rel=0.05)
    now = history(play([CALM, Part(12, 60.0, 0.04)]))
    assert diagnose(now, END, known).verdict is Verdict.SURGE
    # After three days the hours count again.
    assert young(80, calm).usual(END).received == 20.0


def test_what_was_coped_with_is_the_greatest_lasting_rate():
    """Arrivals that doubled for half an hour without a queue; a burst of minutes is none."""
    lasting = history(play([CALM, Part(180, 20.0, 0.04), CALM], seed=3), window=DAY)
    assert coped_with(lasting).received == pytest.approx(20, rel=0.1)
    short = history(play([CALM, Part(20, 20.0, 0.04), CALM], seed=3), window=DAY)
    assert coped_with(short).received == pytest.approx(10, rel=0.15)
    slower = history(play([CALM, Part(120, 10.0, 0.06)], seed=3), window=DAY)
    assert coped_with(slower).service == pytest.approx(0.06, rel=0.1)
    assert coped_with(history(play([Part(1, 9000.0, 0.04), Part(60, 10.0, 0.08)]))) is None


@pytest.mark.parametrize(
    ("lately", "verdict"),
    [
        pytest.param(True, Verdict.SLOW, id="coped-with-for-hours"),
        pytest.param(False, Verdict.BOTH, id="never-seen"),
    ],
)
def test_slowness_after_arrivals_that_doubled(lately, verdict):
    """An hour into the slowness nothing of the time before is left in the last hour."""
    usual = past(received=10.0, processed=10.0, backlog=1.0, service=0.04, failed=0.0, workers=1.0)
    before = coped_with(history(play([Part(360, 20.0, 0.04)], seed=5), window=DAY))
    known = Baseline(usual.hours, lately=before if lately else None)
    now = history(play([Part(20, 20.0, 0.04), Part(400, 20.0, 0.12)], seed=6))
    assert diagnose(now, END, known).verdict is verdict


def scaled(fewest, most):
    """Return a fortnight in which the number of workers follows the hour of the day."""
    return Baseline(
        tuple(
            Hour(
                END - (336 - i) * HOUR, 10.0, 10.0, 1.0, 0.04, 0.0,
                float(fewest if i % 24 < 6 else most),
            )
            for i in range(336)
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("baseline", "parts", "lost"),
    [
        pytest.param(scaled(4, 4), [CALM], True, id="always-four"),
        pytest.param(scaled(3, 4), [CALM], False, id="as-many-as-the-load-needs"),
        pytest.param(scaled(3, 4), [CALM, Part(30, 60.0, 0.04)], True, id="and-messages-wait"),
    ],
)
def test_fewer_workers_of_an_autoscaled_daemon(baseline, parts, lost):
    """One worker instead of three or four is a loss only where it matters."""
    verdicts = diagnose(history(play(parts)), END, baseline).verdicts
    assert (Verdict.WORKERS_LOST in verdicts) is lost


@pytest.mark.parametrize(
    ("earliest", "latest", "claimed"),
    [
        pytest.param(50.0, 150.0, True, id="within"),
        pytest.param(50.0, 151.0, False, id="wider"),
        pytest.param(90.0, None, False, id="perhaps-never"),
    ],
)
def test_a_time_to_drain_is_claimed_within_close_bounds(earliest, latest, claimed):
    assert Drain(100.0, earliest, latest).claimed is claimed


def test_bounds_narrow_while_it_drains():
    """Early bounds are too wide for a time; later one is given, and it is right."""
    columns = play([CALM, Part(30, 60.0, 0.04), Part(200, 10.0, 0.09)], seed=17)
    usual = past(received=10.0, processed=10.0, backlog=1.0, service=0.04, failed=0.0, workers=1.0)
    drains = [diagnose(history(columns, stop), END, usual).drain for stop in range(95, 285, 10)]
    known = [drain for drain in drains if drain is not None]
    assert not known[0].claimed and known[-1].claimed


@pytest.mark.parametrize(
    ("parts", "service", "clause"),
    [
        pytest.param(
            [Part(12, 8.0, 0.002), Part(3, 3300.0, 0.0001), Part(20, 8.0, 0.002)],
            0.002,
            None,
            id="handled-in-batches-for-a-moment",
        ),
        pytest.param(
            [Part(20, 8.0, 0.002), Part(19, 3300.0, 0.0001)], 0.002, None, id="for-half-the-time"
        ),
        pytest.param(
            [Part(20, 8.0, 0.002), Part(21, 3300.0, 0.0001)], 0.0001, None, id="most-of-the-time"
        ),
        pytest.param(
            [Part(90, 8.0, 0.002), Part(60, 8.0, 0.008)], 0.002, "4× its usual", id="slower-since"
        ),
    ],
)
def test_the_usual_time_is_that_of_most_of_the_time(parts, service, clause):
    """A surge that was coped with has most of the messages, and no usual time per message."""
    diagnosis = diagnose(history(play(parts)), END)
    assert diagnosis.verdict is Verdict.OK
    assert diagnosis.usual.service == pytest.approx(service, rel=0.01)
    sentences = " ".join(diagnosis.evidence)
    assert clause in sentences if clause else "usual time" not in sentences


@pytest.mark.parametrize(
    ("parts", "before"),
    [
        pytest.param(
            [Part(9, 8.0, 0.016), Part(3, 3000.0, 0.017), Part(30, 8.0, 0.006)],
            "after a surge",
            id="faster-in-the-drain",
        ),
        pytest.param(
            [Part(9, 8.0, 0.016), Part(3, 3000.0, 0.06), Part(30, 8.0, 0.006)],
            "after a surge that ended 5 min ago and slow processing that ended 5 min ago",
            id="slower-in-the-surge",
        ),
        pytest.param(
            [Part(9, 8.0, 0.016), Part(40, 8.0, 0.4), Part(3, 8.0, 0.016)],
            "after slow processing",
            id="only-slower",
        ),
        pytest.param(
            [
                Part(9, 8.0, 0.016),
                Part(3, 3000.0, 0.016),
                Part(6, 8.0, 0.016),
                Part(12, 8.0, 0.2),
                Part(18, 8.0, 0.016),
            ],
            "after a surge that ended 6 min ago and slow processing that ended 3 min ago",
            id="slower-in-its-drain",
        ),
    ],
)
def test_a_drain_teaches_no_time_where_calm_samples_do(parts, before):
    """Nine calm samples of 80 messages know the usual time; a fast drain is no second one."""
    diagnosis = diagnose(history(play(parts, step=10.0)), END)
    assert diagnosis.verdict is Verdict.RECOVERING
    assert before in diagnosis.evidence[1]
