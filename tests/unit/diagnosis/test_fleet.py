"""Siblings as control group: what is shared, what is local; tables of firing and not firing."""

from __future__ import annotations

import json
import time

import pytest

from collectd_fedmsg.diagnosis import Baseline, Diagnosis, Finding, History, Verdict, diagnose
from collectd_fedmsg.diagnosis.fleet.groups import Dependency, dependencies
from collectd_fedmsg.diagnosis.fleet.incident import Scope
from collectd_fedmsg.diagnosis.fleet.incidents import TOGETHER, incidents
from collectd_fedmsg.diagnosis.fleet.members import Member, member
from collectd_fedmsg.errors import ConfigError

from .played import END, Part, play
from .played import history as history_of

NOW = 1_000_000.0
DATABASE = Dependency("koji-db", ("*/archiver", "h2/badges/Awards"))


def daemon(name, verdict, *, host="h1", since=NOW - 300, topic=None, waiting=100.0, **more):
    finding = Finding(verdict, 0.9, (f"{name} is {verdict.name}",), (), since, topic)
    return Member(
        f"{host}/{name}",
        host,
        Diagnosis(NOW, (finding,)),
        waiting=waiting,
        silent=verdict is Verdict.UNKNOWN,
        **more,
    )


def daemons(counts, **more):
    """Return members ``s0/C`` … of each verdict."""
    names = (f"s{number}/C" for number in range(1000))
    return [
        daemon(next(names), verdict, **more)
        for verdict, count in counts.items()
        for _ in range(count)
    ]


def scopes(members, shared=()):
    return [
        (incident.scope, incident.name, incident.cause, len(incident.members))
        for incident in incidents(members, shared)
        if incident.shared
    ]


OK, SURGE, SLOW, BOTH = Verdict.OK, Verdict.SURGE, Verdict.SLOW, Verdict.BOTH
QUIET = {"surging": False, "service": 1.0, "slower": False}
SLOWER = {"surging": False, "service": 3.0, "slower": True}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(daemons({SURGE: 5}), [(Scope.BUS, "", SURGE, 5)], id="all-surge"),
        pytest.param(
            [*daemons({SURGE: 4}), daemon("x/C", OK, **QUIET)],
            [(Scope.BUS, "", SURGE, 4)],
            id="four-of-five-is-the-bus",
        ),
        pytest.param(
            daemons({SURGE: 3}) + [daemon(f"x{i}/C", OK, **QUIET) for i in range(2)],
            [],
            id="three-of-five-is-not",
        ),
        pytest.param(
            [daemon("a/C", SURGE), *(daemon(f"x{i}/C", OK, surging=True) for i in range(4))],
            [(Scope.BUS, "", SURGE, 1)],
            id="who-copes-is-a-witness",
        ),
        pytest.param(
            [daemon("a/C", SURGE), *(daemon(f"x{i}/C", OK, **QUIET) for i in range(4))],
            [],
            id="one-alone",
        ),
        pytest.param(daemons({SURGE: 1}), [], id="a-fleet-of-one"),
        pytest.param(
            daemons({SURGE: 2, Verdict.UNKNOWN: 2}),
            [(Scope.BUS, "", SURGE, 2)],
            id="the-silent-are-no-witnesses",
        ),
        pytest.param(
            [daemon(f"a{i}/C", SURGE, topic="buildsys") for i in range(2)]
            + [daemon(f"x{i}/C", OK, **QUIET) for i in range(6)],
            [(Scope.TOPIC, "buildsys", SURGE, 2)],
            id="same-topic",
        ),
        pytest.param(
            [daemon(f"a{i}/C", SURGE, topic=f"t{i}") for i in range(2)]
            + [daemon(f"x{i}/C", OK, **QUIET) for i in range(6)],
            [],
            id="other-topics",
        ),
        pytest.param(
            daemons({BOTH: 3, SURGE: 2}), [(Scope.BUS, "", BOTH, 5)], id="surge-before-slow"
        ),
    ],
)
def test_surge(members, expected):
    """A surge seen by nearly all is the bus; by those of one topic, the topic."""
    assert scopes(members) == expected


def hosts(slow, well, **more):
    """Return members by host: how many are slow, how many well."""
    return [daemon(f"s{i}/C", SLOW, host=h, **more) for h, n in slow.items() for i in range(n)] + [
        daemon(f"w{i}/C", OK, host=h, **QUIET) for h, n in well.items() for i in range(n)
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(
            hosts({"h1": 4}, {"h2": 4}), [(Scope.HOST, "h1", SLOW, 4)], id="all-of-a-host"
        ),
        pytest.param(
            hosts({"h1": 4}, {"h1": 1, "h2": 4}),
            [(Scope.HOST, "h1", SLOW, 4)],
            id="four-of-five-boundary",
        ),
        pytest.param(hosts({"h1": 3}, {"h1": 1, "h2": 4}), [], id="three-of-four"),
        pytest.param(hosts({"h1": 1}, {"h2": 4}), [], id="one-daemon-is-no-group"),
        pytest.param(
            hosts({"h1": 2}, {"h2": 4}) + [daemon(f"c{i}/C", OK, **SLOWER) for i in range(3)],
            [(Scope.HOST, "h1", SLOW, 2)],
            id="two-and-three-slower-that-cope",
        ),
        pytest.param(
            hosts({"h1": 1}, {"h2": 4}) + [daemon(f"c{i}/C", OK, **SLOWER) for i in range(4)],
            [],
            id="one-and-four-slower-that-cope",
        ),
        pytest.param(
            hosts({"h1": 2}, {"h2": 4}) + [daemon(f"c{i}/C", OK, service=9.0) for i in range(3)],
            [(Scope.HOST, "h1", SLOW, 2)],
            id="slower-by-chance-cannot-tell",
        ),
        pytest.param(
            hosts({"h1": 2}, {"h2": 4}) + [daemon(f"c{i}/C", OK) for i in range(3)],
            [],
            id="usual-time-not-known-but-well",
        ),
        pytest.param(
            hosts({"h1": 4, "h2": 4}, {"h3": 5}),
            [(Scope.HOST, "h1", SLOW, 4), (Scope.HOST, "h2", SLOW, 4)],
            id="two-hosts",
        ),
        pytest.param(hosts({"h1": 3, "h2": 3}, {}), [(Scope.BUS, "", SLOW, 6)], id="everywhere"),
        pytest.param(hosts({"h1": 3}, {}), [(Scope.HOST, "h1", SLOW, 3)], id="the-only-host"),
        pytest.param(
            [*hosts({"h1": 2}, {}), daemon("i/C", Verdict.IDLE)],
            [(Scope.HOST, "h1", SLOW, 2)],
            id="the-idle-cannot-tell",
        ),
        pytest.param(
            hosts({"h1": 2}, {"h2": 3}, since=None),
            [(Scope.HOST, "h1", SLOW, 2)],
            id="beginning-not-known",
        ),
        pytest.param(
            [
                daemon("a/C", SLOW),
                daemon("b/C", SLOW, since=NOW - 300 - TOGETHER),
                daemon("w/C", OK, host="h2", **QUIET),
            ],
            [(Scope.HOST, "h1", SLOW, 2)],
            id="half-an-hour-apart",
        ),
        pytest.param(
            [
                daemon("a/C", SLOW),
                daemon("b/C", SLOW, since=NOW - 301 - TOGETHER),
                daemon("c/C", SLOW),
                daemon("w/C", OK, host="h2", **QUIET),
            ],
            [(Scope.HOST, "h1", SLOW, 2)],
            id="longer-apart-is-another-trouble",
        ),
    ],
)
def test_host(members, expected):
    """Slowness seen by all on one host, and not elsewhere, is the host."""
    assert scopes(members) == expected


def users(slow, well, others_slow=0, others_well=4):
    """Return members that use the database, on many hosts, and others."""
    return (
        [daemon("archiver/A", SLOW, host=f"a{i}") for i in range(slow)]
        + [daemon("archiver/A", OK, host=f"b{i}", **QUIET) for i in range(well)]
        + [daemon("mail/M", SLOW, host=f"c{i}") for i in range(others_slow)]
        + [daemon("mail/M", OK, host=f"d{i}", **QUIET) for i in range(others_well)]
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(users(3, 0), [(Scope.DEPENDENCY, "koji-db", SLOW, 3)], id="all-users"),
        pytest.param(users(4, 1), [(Scope.DEPENDENCY, "koji-db", SLOW, 4)], id="four-of-five"),
        pytest.param(users(3, 1), [], id="three-of-four"),
        pytest.param(users(1, 0), [], id="one-user"),
        pytest.param(
            users(3, 0, 1, 2), [(Scope.DEPENDENCY, "koji-db", SLOW, 3)], id="one-of-three-others"
        ),
        pytest.param(users(3, 0, 2, 2), [], id="half-of-the-others-too"),
        pytest.param(users(3, 0, 3, 0), [(Scope.BUS, "", SLOW, 6)], id="all-others-too"),
        pytest.param(users(2, 0, 0, 0), [(Scope.DEPENDENCY, "koji-db", SLOW, 2)], id="no-others"),
        pytest.param(
            [daemon("archiver/A", Verdict.ERRORS, host=f"a{i}") for i in range(3)]
            + [daemon("mail/M", OK, host="c")],
            [(Scope.DEPENDENCY, "koji-db", Verdict.ERRORS, 3)],
            id="all-users-fail",
        ),
        pytest.param(
            [
                daemon("archiver/A", SLOW, host="a"),
                daemon("badges/Awards", SLOW, host="h2"),
                daemon("badges/Awards", OK, host="h3", **QUIET),
            ],
            [(Scope.DEPENDENCY, "koji-db", SLOW, 2)],
            id="services-mixed",
        ),
    ],
)
def test_dependency(members, expected):
    """Daemons that share a database become one incident when they alone slow down."""
    assert scopes(members, [DATABASE]) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(
            daemons({Verdict.UNKNOWN: 3}), [(Scope.BUS, "", Verdict.UNKNOWN, 3)], id="all"
        ),
        pytest.param(
            [*daemons({Verdict.TELEMETRY_LOST: 3}), daemon("w/C", OK, host="h2")],
            [(Scope.HOST, "h1", Verdict.TELEMETRY_LOST, 3)],
            id="a-host",
        ),
        pytest.param(
            daemons({Verdict.STARVED: 3}),
            [(Scope.BUS, "", Verdict.STARVED, 3)],
            id="the-bus-is-dead",
        ),
        pytest.param(daemons({Verdict.UNKNOWN: 1, OK: 3}), [], id="one"),
        pytest.param(
            [
                Member(
                    "h1/a/C",
                    "h1",
                    Diagnosis(
                        NOW, (Finding(Verdict.UNKNOWN, 1.0, ("only 2 samples",), ("samples",)),)
                    ),
                )
            ]
            * 2,
            [],
            id="unknown-is-not-silent",
        ),
    ],
)
def test_silence(members, expected):
    """A host or a bus that falls silent is one incident; other missing evidence is not."""
    assert scopes(members) == expected


def test_every_ailing_daemon_is_in_one_incident():
    """Whatever the mixture: none lost, none twice, the well in none."""
    members = (
        users(3, 1, 2, 2)
        + daemons({SURGE: 2, Verdict.STALLED: 1, Verdict.ERRORS: 2}, host="z")
        + daemons({Verdict.DOWN: 2}, host="y")
    )
    all_incidents = incidents(members, [DATABASE])
    names = [name for incident in all_incidents for name in incident.members]
    assert sorted(names) == sorted(m.id for m in members if not m.diagnosis.verdict.healthy)
    assert [i.severity for i in all_incidents] == sorted(
        (i.severity for i in all_incidents), reverse=True
    )
    json.dumps([i.to_dict() for i in all_incidents])


def test_sentences_say_who_and_who_not():
    """One line instead of thirty."""
    surge = [daemon(f"s{i}/C", SURGE, arrivals=3.0 + i, surging=True) for i in range(4)]
    (bus,) = incidents([*surge, daemon("w/C", OK, arrivals=7.5, surging=True)])
    assert bus.sentence == (
        "bus-wide surge: 5 of 5 daemons receive more than usual "
        "(3× to 7.5× usual); 4 cannot keep up; 400 messages wait"
    )
    (database,) = incidents(users(3, 0), [DATABASE])
    assert database.sentence == (
        "slowness of what shares koji-db: 3 of 3 daemons handle messages more slowly; "
        "0 of 4 others do; 300 messages wait"
    )
    assert database.action.startswith("Look at koji-db first")
    topic = "org.fedoraproject.prod.buildsys.task.state.change"
    surging = [daemon(f"s{i}/C", SURGE, topic=topic, surging=True) for i in range(2)]
    (bus,) = incidents(surging)
    assert bus.sentence == (
        f"bus-wide surge of {topic}: 2 of 2 daemons receive more than usual; 200 messages wait"
    )
    assert bus.action == f"Find the sender of {topic}."
    (local,) = incidents(
        [daemon("a/C", SURGE), daemon("w/C", OK, **QUIET), daemon("v/C", OK, **QUIET)]
    )
    assert local.sentence == "a/C is SURGE"
    assert local.sibling_note == "local: none of 2 others receive more than usual"


def young(parts, name, verdict=None):
    """Return a daemon without past hours; with a verdict of its own or the one that is due."""
    past = history_of(play(parts))
    diagnosis = diagnose(past, END)
    if verdict is not None:
        assert diagnosis.verdict is verdict
    return member(f"h/{name}/C", "h", diagnosis, past)


def test_what_a_surge_taught_makes_no_slow_host():
    """Siblings took a surge in batches and are as fast as ever; one daemon alone is slow."""
    calm, flood = Part(8, 8.0, 0.002), Part(3, 3300.0, 0.0001)
    well = [young([calm, flood, Part(40, 8.0, 0.002)], f"w{i}", OK) for i in range(4)]
    slow = young([Part(51, 8.0, 0.002), Part(10, 8.0, 0.4)], "archiver", SLOW)
    (incident,) = incidents([slow, *well])
    assert (incident.scope, incident.members) == (Scope.LOCAL, ("h/archiver/C",))
    assert incident.sibling_note == "local: none of 4 others handle messages more slowly"


def test_a_slow_host_of_young_daemons_needs_their_own_verdicts():
    """All are slow by their own verdict: that is the host, however young they are."""
    slow = [young([Part(51, 8.0, 0.002), Part(10, 8.0, 0.4)], f"s{i}", SLOW) for i in range(3)]
    (incident,) = incidents(slow)
    assert (incident.scope, incident.affected, incident.of) == (Scope.HOST, 3, 3)


def burst(points_ago, backlog):
    """A thousand messages in one step some time ago; the backlog since."""
    received = [10.0] * 360
    received[-points_ago] = 1000.0
    return History(
        step=10,
        end=NOW,
        received=received,
        processed=[10.0] * 360,
        backlog=[0.0] * (360 - points_ago) + [backlog] * points_ago,
        busy=[0.1] * 360,
        workers=[1.0] * 360,
    )


@pytest.mark.parametrize(
    ("points_ago", "surging"),
    [pytest.param(3, 3, id="just-now"), pytest.param(30, 3, id="five-minutes-ago")],
)
def test_a_burst_that_is_over_was_seen_by_all(points_ago, surging):
    """Siblings are asked since the trouble began, not of the last minute only."""
    ill = burst(points_ago, 9900.0)
    began = Finding(SURGE, 0.9, ("grew",), (), NOW - 10 * points_ago)
    usual = diagnose(burst(3, 0.0), NOW).usual
    fleet = [member("h/ill/C", "h", Diagnosis(NOW, (began,), usual=usual), ill)]
    for number in range(2):
        past = burst(points_ago, 0.0)
        fleet.append(member(f"h/{number}/C", "h", diagnose(past, NOW), past))
    (incident,) = incidents(fleet)
    assert (incident.scope, incident.affected, incident.of) == (Scope.BUS, surging, 3)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        pytest.param({"name": "db"}, "shared.daemons of db = None", id="no-daemons"),
        pytest.param({"name": "", "daemons": ["a"]}, "shared.name = ''", id="no-name"),
        pytest.param({"name": "db", "daemons": [3]}, r"shared.daemons of db = \[3\]", id="no-text"),
        pytest.param(
            {"name": "db", "daemons": ["a"], "host": "x"}, "shared.host = 'x'", id="unknown"
        ),
        pytest.param("db", "shared = 'db'", id="no-table"),
    ],
)
def test_mistakes_are_named(table, text):
    """File, key and value."""
    with pytest.raises(ConfigError, match=f"d.toml: {text}"):
        dependencies([table], "d.toml")


def test_a_name_is_given_once():
    with pytest.raises(ConfigError, match=r"shared\.name = .db.: is given twice"):
        dependencies([{"name": "db", "daemons": ["a"]}] * 2, "d.toml")


def history(received, busy):
    return History(
        step=10,
        end=NOW,
        received=[10.0] * 300 + [received] * 60,
        processed=[10.0] * 300 + [received] * 60,
        backlog=[0.0] * 360,
        busy=[0.1] * 300 + [busy] * 60,
        workers=[1.0] * 360,
    )


@pytest.mark.parametrize(
    ("received", "busy", "surging", "slower"),
    [
        pytest.param(10, 0.1, False, 1.0, id="usual"),
        pytest.param(19, 0.19, False, 1.0, id="less-than-twice"),
        pytest.param(21, 0.21, True, 1.0, id="more-than-twice"),
        pytest.param(10, 0.3, False, 3.0, id="slower-but-coping"),
    ],
)
def test_a_daemon_that_copes_is_a_witness(received, busy, surging, slower):
    """Its diagnosis is well; its rates still tell."""
    size = 24 * 360
    usual = Baseline().add(
        History(
            step=10,
            end=NOW - 3600,
            received=[10.0] * size,
            processed=[10.0] * size,
            backlog=[0.0] * size,
            busy=[0.1] * size,
            workers=[1.0] * size,
        )
    )
    past = history(received, busy)
    witness = member("h/s/C", "h", diagnose(past, NOW, usual), past)
    assert witness.diagnosis.verdict.healthy
    assert witness.surging is surging
    assert witness.service == pytest.approx(slower)
    assert witness.arrivals == pytest.approx(received / 10)


def test_a_thousand_daemons():
    """Far below a second; the bound here is generous, for other tests may load the machine."""
    past = burst(30, 9900.0)
    usual = diagnose(burst(3, 0.0), NOW).usual
    members = []
    for i in range(1000):
        ill = Finding(SLOW if i % 3 else OK, 0.9, ("x",), (), NOW - 300, f"t{i % 7}")
        members.append(
            member(f"h{i % 100}/s{i}/C", f"h{i % 100}", Diagnosis(NOW, (ill,), usual=usual), past)
        )
    shared = [Dependency(f"d{i}", (f"h{i}*",)) for i in range(20)]
    began = time.process_time()
    assert sum(len(incident.members) for incident in incidents(members, shared)) == 666
    assert time.process_time() - began < 10
