"""Changed versions, restarts and deployments: marks by themselves, and named by verdicts."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.judge.inside import Inside

from collectd_fedmsg.diagnosis.judgement import Judged
from collectd_fedmsg.diagnosis.verdict import Diagnosis, Finding, Verdict
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.about import About
from collectd_fedmsg.protocol.changes import Change
from collectd_fedmsg.protocol.evidence import InHand
from collectd_fedmsg.protocol.evidence_file import encode
from collectd_fedmsg.protocol.sample import Sample, encode_row
from tests.documented import block

from .serving import serving

HOST, TOKEN = "app01.example.org", "s3cret of sixteen and more"
VERSION = "datanommer.consumer 1.4.2 → 1.5.0"


def evidence(folder: Path, now: float, age: float = 0.0) -> str:
    """Write what collectd's plugin keeps of one daemon; return the pattern that names it."""
    message = InHand("t", 90.0, "a.b:Archiver.consume:9", "with", "waiting")
    row = encode_row(0, Sample("C", now - age, 9, 7, 1, 1, in_hand=(message,)))
    origin = wire.Origin("archiver", HOST, 7, "ab", now - 100, 10)
    frame = wire.encode_reply(
        origin, now, 1.0, (0, 0, False, [row]), about_now=About("3.11.2", (), ())
    )
    changes = {(HOST, "archiver"): [Change(now - 100, "version", VERSION)]}
    (folder / "collectd_fedmsg.evidence").write_bytes(encode(now, changes, [frame]))
    return f"{folder}/*.evidence"


def judged(now: float, verdict: Verdict = Verdict.STALLED) -> Judged:
    finding = Finding(verdict, 1.0, ("nothing ended",), since=now - 60)
    return Judged(f"{HOST}/archiver/C", HOST, "archiver", "C", Diagnosis(now, (finding,)))


def test_evidence_of_any_host_without_its_sockets(tmp_path: Path) -> None:
    """The files of collectd are enough: the change, and where the message hangs."""
    now = time.time()
    inside = Inside(files=evidence(tmp_path, now))
    first, second = inside.explain(judged(now), now).diagnosis.findings[0].evidence
    assert first == f"nothing ended, since 40 s after {VERSION}"
    assert second.endswith("it is waiting for a lock (with) in Archiver.consume:9")
    assert inside.slowest(HOST, "archiver", "C") == []
    assert inside.slowest("elsewhere", "archiver", "C") is None


def test_old_evidence_says_nothing_of_now(tmp_path: Path) -> None:
    """A daemon that has not been heard for minutes may hang elsewhere by now."""
    now = time.time()
    inside = Inside(files=evidence(tmp_path, now, age=600))
    [sentence] = inside.explain(judged(now), now).diagnosis.findings[0].evidence
    assert sentence == f"nothing ended, since 40 s after {VERSION}"
    past = judged(now - 7200)
    assert inside.explain(past, now - 7200) is past


def typed(line: str) -> int:
    """Return the exit code of a curl line; where there is no curl, of what it would send."""
    arguments = shlex.split(line)
    if shutil.which(arguments[0]):
        return subprocess.run(arguments, timeout=60, check=False, capture_output=True).returncode
    name, _, value = arguments[arguments.index("-H") + 1].partition(": ")
    request = Request(arguments[-1], arguments[arguments.index("-d") + 1].encode(), {name: value})
    try:
        with urlopen(request, timeout=60):
            return 0
    except HTTPError:
        return 22


def test_deployments_and_changes_are_marks(tmp_path: Path) -> None:
    """The curl line of the how-to; its mark, and those that daemons report, in one list."""
    now = time.time()
    (tmp_path / "rrd").mkdir()
    settings = {"data_dir": tmp_path / "rrd", "token": TOKEN, "evidence": evidence(tmp_path, now),
                "marks_file": tmp_path / "marks"}  # fmt: skip
    app = create_app(settings)
    with serving(app) as address:
        line = block("howto-deploys", "curl", {"http://127.0.0.1:8087/": address})
        for token, status in (("wrong, but long enough", 22), (TOKEN, 0)):
            assert typed(line.replace("$TOKEN", token)) == status
    marks = app.test_client().get("/api/v1/marks?start=-600").get_json()["marks"]
    assert [(mark["kind"], mark["text"], mark["daemon"]) for mark in marks] == [
        ("version", VERSION, f"{HOST}/archiver"),
        ("deploy", "koji-db 15 → 16", f"{HOST}/archiver"),
    ]
    assert abs(marks[0]["time"] - (now - 100)) < 2
    of_another = app.test_client().get("/api/v1/marks?start=-600&daemon=x/y/z").get_json()
    assert of_another["marks"] == []
    later = time.time()
    judge = app.extensions["inside"].explain(
        Judged(
            f"{HOST}/archiver/C", HOST, "archiver", "C",
            Diagnosis(later, (Finding(Verdict.SLOW, 1.0, ("slow",), since=later + 40),)),
        ),
        later,
    )  # fmt: skip
    assert "s after “koji-db 15 → 16”" in judge.diagnosis.findings[0].evidence[0]


def test_no_form_of_another_site_writes(tmp_path: Path) -> None:
    """Without the header nothing is kept, whatever the form and the cookies are."""
    (tmp_path / "rrd").mkdir()
    app = create_app({"data_dir": tmp_path / "rrd", "token": TOKEN, "evidence": ""})
    browser = app.test_client()
    browser.set_cookie("token", TOKEN)
    body = f'{{"text": "x", "token": "{TOKEN}"}}'
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        for address in ("/api/v1/marks", f"/api/v1/marks?token={TOKEN}"):
            assert browser.post(address, data=body, content_type=kind).status_code == 401
    assert browser.get("/api/v1/marks?start=-600").get_json()["marks"] == []
