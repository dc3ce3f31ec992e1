"""The state machine of alerts, by properties over any sequence of samples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg.alerts.lifecycle import Event, Reading, Track, close, step
from collectd_fedmsg.alerts.records import Alert, Subject
from collectd_fedmsg.alerts.rules import Flapping, Rule

SUBJECT = Subject("h", "hub", "Archiver")
FLAPPING = Flapping(raises=3, within=600)
rules = st.builds(
    lambda hold, clear: Rule("backlog", "backlog", hold=hold, clear=clear, critical_above=50),
    st.sampled_from([0.0, 10.0, 30.0]),
    st.sampled_from([0.0, 10.0, 40.0]),
)
samples = st.lists(
    st.tuples(
        st.sampled_from([True, False, None]), st.sampled_from([10, 20, 300]), st.integers(0, 100)
    ),
    max_size=60,
)


def readings(rows):
    at = 1000.0
    for bad, gap, value in rows:
        at += gap
        yield Reading(at, bad, float(value), passed=1.0, waiting=float(value))


def run(rows, rule, remember=lambda track: track):
    track, events = Track(), []
    for reading in readings(rows):
        track, event = step(remember(track), reading, rule, SUBJECT, FLAPPING)
        if event:
            events.append((event, track.alert))
        if event is Event.CLEARED:
            track = close(track)
    return track, events


@given(samples, rules)
def test_never_two_raises_without_a_clear_between(rows, rule):
    _, events = run(rows, rule)
    turns = [event for event, _ in events if event is not Event.WORSE]
    assert turns == [Event.RAISED, Event.CLEARED] * (len(turns) // 2) + [Event.RAISED] * (
        len(turns) % 2
    )


@given(samples, rules)
def test_no_two_alerts_share_an_id(rows, rule):
    ids = [alert.id for event, alert in run(rows, rule)[1] if event is Event.RAISED]
    assert len(set(ids)) == len(ids)


@given(samples, rules)
def test_a_single_good_sample_clears_nothing(rows, rule):
    track, _ = run(rows, rule)
    if track.alert and track.last is not False:
        _, event = step(
            track, Reading(track.at + 10, False), replace(rule, clear=0.0), SUBJECT, FLAPPING
        )
        assert event is not Event.CLEARED or track.goods >= 1


@given(samples, rules)
def test_a_restart_at_any_point_equals_none(rows, rule):
    """A restart keeps what the record's JSON keeps, and forgets what is idle."""

    def restarted(track):
        if track.idle:
            return Track()
        alert = Alert.of_json(track.alert.to_json()) if track.alert else None
        return replace(track, alert=alert)

    assert run(rows, rule, restarted)[1] == run(rows, rule)[1]


@given(samples, rules)
def test_an_old_sample_changes_nothing(rows, rule):
    track, _ = run(rows, rule)
    for at in (track.at, track.at - 1):
        assert step(track, Reading(at, True, 99), rule, SUBJECT, FLAPPING) == (track, None)


@given(samples, rules)
def test_what_is_unknown_neither_raises_nor_clears(rows, rule):
    track, _ = run(rows, rule)
    assert step(track, Reading(track.at + 10, None), rule, SUBJECT, FLAPPING)[1] is None


@pytest.mark.parametrize(
    ("bads", "raised"),
    [
        pytest.param([True] * 3, False, id="shorter-than-the-hold"),
        pytest.param([True] * 4, True, id="as-long-as-the-hold"),
        pytest.param([True, True, False, True, True], False, id="a-blip-restarts-the-hold"),
        pytest.param([True, None, None, True, True], False, id="unknown-time-is-not-bad-time"),
    ],
)
def test_hold(bads, raised):
    """Thirty seconds of bad samples raise; a gap among them does not count."""
    rule = Rule("backlog", "backlog", hold=30.0)
    _, events = run([(bad, 10, 5) for bad in bads], rule)
    assert bool(events) is raised


def test_flapping_is_held_until_calm():
    """The third raise within the window says so, and clears only after a calm window."""
    rule = Rule("backlog", "backlog", hold=0.0, clear=10.0)
    cycle = [(True, 10, 5), (False, 10, 0), (False, 10, 0)]
    track, events = run(cycle * 3, rule)
    assert [alert.flapping for event, alert in events if event is Event.RAISED] == [0, 0, 3]
    assert track.alert is not None
    _, events = run(cycle * 3 + [(False, 10, 0)] * 60, rule)
    assert events[-1][0] is Event.CLEARED


def test_a_recovery_carries_peak_affected_and_duration():
    rule = Rule("backlog", "backlog", hold=10.0, clear=10.0, critical_above=50)
    rows = [(True, 10, 5), (True, 10, 60), (True, 10, 20), (False, 10, 0), (False, 10, 0)]
    _, events = run(rows, rule)
    alert = events[-1][1]
    assert (alert.peak, alert.affected, alert.severity) == (60, 7, "critical")
    assert alert.cleared - alert.since == 40
