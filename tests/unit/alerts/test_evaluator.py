"""The evaluator: which notices, when, each once; over simulated fleets and any restart."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectd_fedmsg.alerts.evaluator import evaluate
from collectd_fedmsg.alerts.observation import Observation
from collectd_fedmsg.alerts.records import Ack, Subject
from collectd_fedmsg.alerts.rules import Flapping, Grouping, Match, Rule, RuleSet, Silence
from collectd_fedmsg.alerts.state import Actions, State
from collectd_fedmsg.alerts.state_json import of_json, to_json
from collectd_fedmsg.diagnosis import Diagnosis, Finding, History, Restart, Verdict

STEP = 10
T0 = 1_000_000.0
HOLD = Rule("backlog", "backlog", hold=60, clear=60, repeat=3600, critical_above=1000)
SILENT = (
    Rule("daemon-silent", "daemon_silent", 60, hold=0, clear=20, severity="critical"),
    Rule("collectd-silent", "collectd_silent", 60, hold=0, clear=20, severity="critical"),
)
RULES = RuleSet((HOLD, *SILENT), grouping=Grouping(wait=30, interval=300))


def observation(name, backlog, end, *, verdict=None, **more):
    """One consumer's observation: a backlog for every step up to ``end``."""
    size = len(backlog)
    history = History(STEP, end, [1.0] * size, [1.0] * size, backlog, **more)
    diagnosis = verdict and Diagnosis(end, (Finding(verdict, 0.9, ("evidence",)),))
    known = [history.time(i) for i, x in enumerate(backlog) if x is not None]
    return Observation(Subject("h", "hub", name), history, diagnosis, max(known, default=None))


class World:
    """Drives the evaluator over steps; remembers every notice."""

    def __init__(self, rules=RULES, reboot=False):
        self.rules, self.reboot = rules, reboot
        self.state, self.notices, self.transitions = State(), [], []

    def at(self, now, *observations, actions=None):
        if self.reboot:
            self.state = of_json(json.loads(json.dumps(to_json(self.state))))
        done = evaluate(self.state, observations, self.rules, now, actions or Actions())
        self.state = done.state
        self.notices += done.notices
        self.transitions += done.transitions
        return done

    def series(self, backlogs, *, stride=1, start=0, names=("A",), verdict=None, actions=None):
        """Evaluate after each ``every`` samples of one backlog series, for all names alike."""
        for i in range(stride, len(backlogs) + 1, stride):
            now = T0 + (start + i) * STEP
            window = backlogs[max(0, i - 12) : i]
            self.at(
                now, *(observation(n, window, now, verdict=verdict) for n in names), actions=actions
            )
        return self


def kinds(world):
    return [notice.kind for notice in world.notices]


def test_raised_once_and_cleared_once():
    """A minute of backlog raises one notice, its end another, with duration, peak and messages."""
    world = World().series([0] * 3 + [5] * 20 + [0] * 20)
    assert kinds(world) == ["raised", "cleared"]
    (alert,) = world.notices[1].over
    assert (alert.peak, alert.affected, alert.cleared - alert.since) == (5, 5 + 19 * STEP, 260)


@pytest.mark.parametrize(
    "backlogs",
    [
        pytest.param([0] * 3 + [900] * 6 + [0] * 20, id="a-blip-shorter-than-the-hold"),
        pytest.param([0, 9] * 20, id="up-and-down"),
        pytest.param([None] * 30, id="nothing-known"),
    ],
)
def test_no_page(backlogs):
    assert World(replace(RULES, rules=(HOLD,))).series(backlogs).notices == []


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_rare_evaluations_see_every_sample(stride):
    """Evaluated every 10, 20, 30 or 50 s, the hold and the clear are counted on samples."""
    world = World().series([0] * 5 + [5] * 10 + [0] + [5] * 4 + [0] * 40, stride=stride)
    raised = [
        transition.alert for transition in world.transitions if transition.event.value == "raised"
    ]
    assert [(alert.since, alert.raised) for alert in raised] == [(T0 + 60, T0 + 120)]


def test_a_bus_wide_surge_is_one_notice():
    """Thirty consumers, one cause: one notice of thirty alerts, one end."""
    names = [f"C{i}" for i in range(30)]
    world = World().series([0] * 3 + [50] * 15 + [0] * 15, names=names, verdict=Verdict.SURGE)
    assert [(notice.kind, len(notice.alerts), len(notice.over)) for notice in world.notices] == [
        ("raised", 30, 0),
        ("cleared", 0, 30),
    ]
    assert {alert.cause for alert in world.notices[0].alerts} == {"SURGE"}


def test_two_causes_are_two_notices():
    world = World()
    for i in range(12):
        now = T0 + i * STEP
        world.at(
            now,
            observation("A", [9] * 12, now, verdict=Verdict.SLOW),
            observation("B", [9] * 12, now, verdict=Verdict.SURGE),
        )
    assert kinds(world) == ["raised", "raised"]


def test_what_joins_a_group_waits_for_its_interval():
    """A consumer that follows two minutes later is in a notice five minutes after the first."""
    world = World()
    for i in range(60):
        now = T0 + i * STEP
        late = 9 if i >= 12 else 0
        world.at(now, observation("A", [9] * 12, now), observation("B", [late], now))
    first, second = world.notices
    assert (len(first.alerts), len(second.alerts)) == (1, 2)
    assert second.at - first.at == 300


def test_worse_is_sent_at_once_and_undoes_the_acknowledgement():
    world = World().series([5] * 20)
    (alert,) = world.state.alerts
    actions = Actions({alert.id: Ack("me", T0 + 200)})
    now = T0 + 210
    world.at(now, observation("A", [5000], now), actions=actions)
    assert (kinds(world), world.notices[-1].severity) == (["raised", "worse"], "critical")
    world.at(now + 10, observation("A", [5000], now + 10), actions=actions)
    assert world.state.alerts[0].ack is None


@pytest.mark.parametrize(
    ("acknowledged", "expected"),
    [
        pytest.param(False, ["raised", "reminder", "reminder"], id="every-hour"),
        pytest.param(True, ["raised"], id="not-when-acknowledged"),
    ],
)
def test_reminders(acknowledged, expected):
    world, actions = World(), Actions()
    for i in range(900):
        now = T0 + i * STEP
        world.at(now, observation("A", [5] * 12, now), actions=actions)
        if acknowledged and world.state.alerts:
            actions = Actions({world.state.alerts[0].id: Ack("me", now)})
    assert kinds(world) == expected
    if acknowledged:
        assert world.state.alerts[0].ack.by == "me"


def silence(start, end, **match):
    return Actions(silences=(Silence("s", Match(**match), T0 + start, T0 + end),))


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        pytest.param(silence(0, 1000), [], id="over-before-it-ends"),
        pytest.param(silence(0, 200), ["raised", "cleared"], id="raised-when-the-silence-ends"),
        pytest.param(silence(0, 1000, consumer=("B",)), ["raised", "cleared"], id="of-another"),
        pytest.param(silence(0, 1000, rule=("daemon*",)), ["raised", "cleared"], id="another-rule"),
        pytest.param(silence(150, 1000), ["raised", "cleared"], id="the-end-of-what-was-raised"),
    ],
)
def test_silences(actions, expected):
    world = World().series([5] * 30 + [0] * 20, actions=actions)
    assert kinds(world) == expected
    if expected and actions.silences[0].end == T0 + 200:
        assert world.notices[0].at >= T0 + 200


def host(last):
    return Observation(Subject("h"), None, None, last)


def test_a_dead_daemon_is_raised_and_not_the_backlog_of_its_gap():
    """Silent past its limit: critical, with the backlog that waited; its samples stay unjudged."""
    world, end = World(), T0
    past = observation("A", [0, 3], end)
    for i in range(30):
        now = T0 + i * STEP
        world.at(now, past, observation("B", [0] * 3, now), host(now))
    (notice,) = world.notices
    (alert,) = notice.alerts
    assert (alert.rule, alert.subject.consumer) == ("daemon-silent", "A")
    assert (alert.severity, alert.since) == ("critical", T0)
    assert "3 messages waited then" in alert.why[0]
    for i in range(30, 45):
        now = T0 + i * STEP
        world.at(now, observation("A", [0] * 5, now), observation("B", [0], now), host(now))
    assert kinds(world) == ["raised", "cleared"]


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(30, id="sooner-than-collectd"),
        pytest.param(60, id="as-collectd"),
        pytest.param(90, id="later"),
    ],
)
def test_a_dead_collectd_is_one_alert_of_the_host(limit):
    """Everything of a host is silent: collectd is named, not each daemon, in any order."""
    daemon = replace(SILENT[0], above=limit)
    world = World(replace(RULES, rules=(HOLD, daemon, SILENT[1])))
    for i in range(30):
        now = T0 + i * STEP
        world.at(now, observation("A", [0], T0), observation("B", [0], T0 - 9), host(T0 + 3))
    (notice,) = world.notices
    assert [(alert.rule, alert.subject) for alert in notice.alerts] == [
        ("collectd-silent", Subject("h"))
    ]


def test_without_a_rule_for_collectd_each_daemon_is_named():
    """No rule watches the host as a whole: silence still raises an alert."""
    world = World(replace(RULES, rules=(HOLD, SILENT[0])))
    for i in range(30):
        world.at(T0 + i * STEP, observation("A", [0], T0), host(T0))
    assert [notice.alerts[0].rule for notice in world.notices] == ["daemon-silent"]


def test_old_files_of_a_daemon_taken_away_are_no_alert():
    now = T0 + 8 * 86400
    assert World().at(now, observation("A", [9], T0), host(now)).transitions == ()


def test_messages_lost_at_a_restart():
    rules = RuleSet((Rule("lost", "lost", hold=0, clear=600),), grouping=Grouping(wait=0))
    world = World(rules)
    for i in range(4):
        now = T0 + i * STEP
        restarts = [Restart(T0 + STEP, 7.0)] if i >= 2 else []
        world.at(now, observation("A", [2] * 5, now, restarts=restarts))
    (notice,) = world.notices
    assert (notice.alerts[0].kind, notice.alerts[0].value) == ("lost", 7.0)


@pytest.mark.parametrize(("days", "expected"), [(3, 1), (9, 0)])
def test_saturation(days, expected):
    """Workers saturated in three days, limit seven: an alert; in nine days: none."""
    rules = RuleSet(
        (Rule("saturation", "saturation", 7 * 86400, hold=30),), grouping=Grouping(wait=0)
    )
    world = World(rules)
    for i in range(9):
        now = T0 + i * STEP
        creeping = observation("A", [0] * 3, now, verdict=Verdict.CREEP)
        saturating = replace(creeping.diagnosis, saturation_time=T0 + days * 86400)
        world.at(now, replace(creeping, diagnosis=saturating))
    assert len(world.notices) == expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(Verdict.SLOW, 1), (Verdict.SURGE, 0), (Verdict.UNKNOWN, 0), (Verdict.OK, 0)],
)
def test_verdicts(verdict, expected):
    rules = RuleSet((Rule("v", "verdict", verdicts=("SLOW",), hold=20),), grouping=Grouping(wait=0))
    assert len(World(rules).series([1] * 9, verdict=verdict).notices) == expected


def test_the_cause_is_what_began_it_not_what_followed():
    """A surge that drains already when the hold is over: its alert says SURGE and what to do."""
    world = World(reboot=True).series([50] * 3, verdict=Verdict.SURGE)
    world.series([50] * 9, start=3, verdict=Verdict.RECOVERING)
    (notice,) = world.notices
    assert notice.alerts[0].cause == "SURGE"
    assert notice.alerts[0].why == (f"SURGE: {Verdict.SURGE.meaning}", "evidence")
    assert notice.alerts[0].action == Verdict.SURGE.action


def test_the_cause_is_the_last_that_was_found_before_the_raise():
    """What seems a surge at first may turn out to be slow processing."""
    world = World().series([50] * 3, verdict=Verdict.SURGE)
    world.series([50] * 9, start=3, verdict=Verdict.SLOW)
    assert [notice.alerts[0].cause for notice in world.notices] == ["SLOW"]


def test_a_cause_of_an_earlier_trouble_is_no_cause_of_this_one():
    """A short surge that was no alert; a slow processing later."""
    world = World().series([50] * 3 + [0] * 9, verdict=Verdict.SURGE)
    world.series([50] * 12, start=12, verdict=Verdict.SLOW)
    assert [notice.alerts[0].cause for notice in world.notices] == ["SLOW"]


def test_a_rule_taken_out_closes_its_alerts_and_says_why():
    world = World().series([5] * 20)
    world.rules = replace(RULES, rules=SILENT)
    for i in range(5):
        now = T0 + (21 + i) * STEP
        world.at(now, observation("A", [5], now))
    assert kinds(world) == ["raised", "cleared"]
    assert "rules" in world.notices[1].over[0].note


def test_flapping_is_few_notices():
    """Bad for two minutes, good for two, twenty times: the first raises, then one that says so."""
    rules = replace(RULES, flapping=Flapping(raises=4, within=3600))
    world = World(rules).series(([5] * 12 + [0] * 12) * 20)
    raised = [notice for notice in world.notices if notice.kind == "raised"]
    assert [notice.alerts[0].flapping for notice in raised] == [0, 0, 0, 4]


fleets = st.lists(
    st.tuples(*[st.lists(st.sampled_from([0, 0, 5, 2000, None]), min_size=6, max_size=6)] * 3),
    min_size=3,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(fleets)
def test_a_restart_between_any_two_steps_changes_nothing(steps):
    """Through JSON after each step: the same notices, the same ids, none more, none less."""

    def run(reboot):
        rules = replace(RULES, rules=(replace(HOLD, hold=20, clear=10), *SILENT))
        world, backlog = World(rules, reboot), ([], [], [])
        for i, rows in enumerate(steps):
            for levels, values in zip(backlog, rows):
                levels.extend(values)
            now = T0 + (i + 1) * 6 * STEP
            world.at(
                now,
                host(now),
                *(observation(f"C{k}", levels[-12:], now) for k, levels in enumerate(backlog)),
            )
        return world.notices

    notices = run(False)
    assert notices == run(True)
    assert len({notice.id for notice in notices}) == len(notices)


@settings(max_examples=40, deadline=None)
@given(fleets)
def test_every_raise_is_in_one_notice_and_ends_in_one(steps):
    """Whatever comes: an alert is fresh in one notice at most, over in one at most."""
    world, backlog = World(replace(RULES, grouping=Grouping(wait=0, interval=0))), ([], [], [])
    for i, rows in enumerate(steps):
        for levels, values in zip(backlog, rows):
            levels.extend(values)
        now = T0 + (i + 1) * 6 * STEP
        world.at(
            now, *(observation(f"C{k}", levels[-12:], now) for k, levels in enumerate(backlog))
        )
    raised = [
        transition.alert.id
        for transition in world.transitions
        if transition.event.value == "raised"
    ]
    announced = [
        a.id for n in world.notices if n.kind != "worse" for a in n.alerts if a.id in n.fresh
    ]
    over = [a.id for n in world.notices for a in n.over]
    assert len(set(over)) == len(over)
    assert set(raised) <= {*announced, *over}
