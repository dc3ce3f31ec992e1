"""The page says at what a daemon of its host is slow, when it may ask."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from collectd_fedmsg.diagnosis.judgement import Judged
from collectd_fedmsg.diagnosis.verdict import Diagnosis, Finding, Verdict
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.evidence import InHand
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from examples.processes import wait_for
from tests.listening import is_admitting

pytest.importorskip("flask")


@pytest.mark.parametrize(
    ("verdict", "host", "age", "added"),
    [
        pytest.param(Verdict.STALLED, socket.gethostname(), 0, True, id="stalled-here"),
        pytest.param(Verdict.OK, socket.gethostname(), 0, False, id="well"),
        pytest.param(Verdict.STALLED, "elsewhere.example", 0, False, id="another-host"),
        pytest.param(Verdict.STALLED, socket.gethostname(), 3600, False, id="a-past-moment"),
    ],
)
def test_it_is_added_to_the_cause(  # noqa: PLR0917
    short_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    host: str,
    age: float,
    added: bool,
) -> None:
    """Of a daemon that ails now on this host; of any other nothing is added."""
    from collectd_fedmsg_dashboard.judge import inside as judge_inside
    from collectd_fedmsg_dashboard.judge.inside import Inside

    monkeypatch.setattr(judge_inside, "TIMEOUT_SECONDS", 60.0)
    message = InHand("t", 90.0, "a.b:Archiver.consume:9", "with", "waiting")
    daemon = Responder(Settings("hub", short_folder, interval=1),
                       lambda at: [Sample("C", at, 9, 7, 1, 1, in_hand=(message,))])  # fmt: skip
    daemon.start()
    now = time.time() - age
    judged = Judged("x", host, "hub", "C", Diagnosis(now, (Finding(verdict, 1.0, ("first",)),)))
    try:
        path = socket_path(short_folder, "hub", os.getpid())
        wait_for("it listens", lambda: is_admitting(path))
        inside = Inside(f"{short_folder}/*.sock")
        evidence = inside.explain(judged, now).diagnosis.findings[0].evidence
    finally:
        daemon.stop()
    assert evidence[0] == "first"
    assert bool(evidence[1:]) is added
    if added:
        assert "for a lock (with) in Archiver.consume:9" in evidence[1]


def test_without_sockets_or_daemons_nothing_changes(tmp_path: Path) -> None:
    from collectd_fedmsg_dashboard.judge.inside import Inside

    now = time.time()
    judged = Judged("x", "localhost", "hub", "C",
                    Diagnosis(now, (Finding(Verdict.SLOW, 1.0, ("first",)),)))  # fmt: skip
    for sockets in ("", f"{tmp_path}/*.sock"):
        assert Inside(sockets).explain(judged, now) is judged
