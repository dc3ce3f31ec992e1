"""A clock that was ahead: rules are still judged, and one bad number affects no other subject."""

from __future__ import annotations

from dataclasses import replace

from collectd_fedmsg.alerts.evaluator import evaluate
from collectd_fedmsg.alerts.notice_text import one_line
from collectd_fedmsg.alerts.observation import Observation
from collectd_fedmsg.alerts.records import Subject
from collectd_fedmsg.alerts.rules import Grouping, Rule, RuleSet
from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.diagnosis import History

NOW = 1.8e9
YEAR = 365 * 86400.0
RULES = RuleSet(
    (
        Rule("waits", "backlog", 100.0, hold=60.0, clear=60.0),
        Rule("silent", "daemon_silent", 120.0, hold=0.0, severity="critical"),
    ),
    grouping=Grouping(wait=0.0),
    outputs={"it": {"type": "webhook"}},
)


def observation(at: float, waits: float, consumer: str = "C") -> Observation:
    history = History(10.0, at // 10 * 10, [5.0] * 60, [5.0] * 60, [waits] * 60, name=consumer)
    return Observation(Subject("h", "hub", consumer), history, None, at)


def test_rules_judge_on_after_the_clock_was_set_back():
    state = evaluate(State(), [observation(NOW + YEAR, 900)], RULES, NOW + YEAR).state
    assert state.alerts
    state = evaluate(state, [observation(NOW, 0)], RULES, NOW).state
    for second in range(10, 200, 10):
        evaluation = evaluate(state, [observation(NOW + second, 0)], RULES, NOW + second)
        state = evaluation.state
    assert state.alerts == ()
    for second in range(200, 400, 10):
        state = evaluate(state, [observation(NOW + second, 900)], RULES, NOW + second).state
    assert [alert.rule for alert in state.alerts] == ["waits"]
    assert max(state.judged_until.values()) <= NOW + 400


def test_a_clock_set_back_is_reported():
    state = evaluate(State(), [observation(NOW + YEAR, 0)], RULES, NOW + YEAR).state
    evaluation = evaluate(state, [observation(NOW, 0)], RULES, NOW)
    assert "the clock was set back" in evaluation.troubles["clock"]
    assert evaluate(evaluation.state, [observation(NOW + 10, 0)], RULES, NOW + 10).troubles == {}


def test_samples_ahead_of_the_clock_are_an_alert_and_not_fresh():
    evaluation = evaluate(State(), [observation(NOW + YEAR, 0)], RULES, NOW)
    (alert,) = evaluation.state.alerts
    assert alert.rule == "silent"
    assert "365 d ahead of this clock" in alert.why[0]
    assert one_line(alert) == "C of hub on h: its newest sample is 365 d ahead of the clock"
    assert "h/hub/C by 365 d" in evaluation.troubles["future"]


def test_a_subject_that_cannot_be_judged_affects_no_other():
    broken = observation(NOW, 900)
    assert broken.history is not None
    bad = replace(broken, history=replace(broken.history, backlog=["x"] * 60))  # type: ignore[list-item]
    evaluation = evaluate(State(), [bad, observation(NOW, 900, "D")], RULES, NOW)
    assert [alert.subject.consumer for alert in evaluation.state.alerts] == ["D"]
    assert evaluation.troubles["subjects"].startswith("1 could not be judged; h/hub/C: TypeError")
