"""What heads the page: shared troubles before single ones, trouble before silence."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard.judge.fleet_rows import together

from collectd_fedmsg.diagnosis import Verdict
from collectd_fedmsg.diagnosis.fleet.incident import Incident, Scope


def incident(scope, cause, members, sentence):
    return Incident(
        scope=scope,
        name="one",
        cause=cause,
        members=tuple(members),
        severity=cause.severity,
        affected=len(members),
        of=len(members),
        others_affected=0,
        others_of=4,
        since=None,
        waiting=None,
        certainty=1.0,
        sentence=sentence,
        action="",
    )


def row(name, state="STALLED", group="attention"):
    return {"id": name, "service": name, "consumer": name, "state": state, "group": group}


SLOW = incident(Scope.HOST, Verdict.SLOW, "ab", "slowness on host one: 2 of 2 daemons; 9 wait")
SILENT = incident(Scope.HOST, Verdict.UNKNOWN, "cd", "no numbers from host one: 2 of 2 daemons")


@pytest.mark.parametrize(
    ("shared", "rows", "sentence"),
    [
        pytest.param([], [row("a")], None, id="nothing-shared"),
        pytest.param(
            [SLOW], [row("a"), row("b")], "Slowness on host one: 2 of 2 daemons", id="shared"
        ),
        pytest.param(
            [SLOW],
            [row("a"), row("b"), row("x")],
            "Slowness on host one: 2 of 2 daemons; also x: stuck",
            id="and-another",
        ),
        pytest.param(
            [SLOW, SILENT], [row("a")], "Slowness on host one: 2 of 2 daemons", id="before-silence"
        ),
        pytest.param([SILENT], [row("x")], None, id="trouble-of-one-before-silence"),
        pytest.param(
            [SILENT],
            [row("c", "UNKNOWN", "silent"), row("x", "OK", "well")],
            "No numbers from host one: 2 of 2 daemons",
            id="silence-where-nothing-else",
        ),
    ],
)
def test_what_heads_the_page(shared, rows, sentence):
    assert together(shared, rows) == sentence
