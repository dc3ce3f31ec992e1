"""The doctor names what keeps samples from being stored, and is ended by nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.cli import main
from collectd_fedmsg.commands.doctor_access import Rights, rights_in
from collectd_fedmsg.commands.doctor_collectd_conf import judge
from collectd_fedmsg.commands.doctor_finding import DoctorFinding
from collectd_fedmsg.commands.doctor_steps import alerting, guarded
from collectd_fedmsg.commands.doctor_stored import stored
from collectd_fedmsg.reader.collect import Harvest

NOW = int(time.time()) // 60 * 60


def harvest(interval: int) -> Any:
    origin = SimpleNamespace(service="hub", interval=interval)
    return Harvest(fresh=[("ipc:///x", origin, [SimpleNamespace(consumer="C")])])  # type: ignore[list-item]


def rrd(root: Path, step: int, heartbeat: int, last: int = NOW) -> None:
    rrdtool = pytest.importorskip("rrdtool")
    path = root / "h/fedmsg-hub/derive-C_received.rrd"
    path.parent.mkdir(parents=True)
    rrdtool.create(
        str(path),
        "-s",
        str(step),
        "-b",
        str(last - 3600),
        f"DS:value:DERIVE:{heartbeat}:0:U",
        "RRA:MAX:0.1:1:100",
    )
    rrdtool.update(str(path), f"{last}:5")


@pytest.mark.parametrize(
    ("step", "heartbeat", "interval", "beginning"),
    [
        pytest.param(
            10, 20, 60, "its heartbeat is 20 s and a sample comes every 60 s", id="heartbeat"
        ),
        pytest.param(60, 600, 10, "its step is 60 s and a sample comes every 10 s", id="step"),
        pytest.param(10, 600, 10, "", id="as-documented"),
        pytest.param(10, 20, 10, "", id="collectd-s-default"),
    ],
)
def test_files_that_cannot_keep_the_samples(
    tmp_path: Path, step: int, heartbeat: int, interval: int, beginning: str
):
    rrd(tmp_path, step, heartbeat)
    age, *wrong = stored(harvest(interval), tmp_path, "", lambda: NOW)
    assert age.good
    assert [finding.good for finding in wrong] == ([False] if beginning else [])
    assert not beginning or beginning in wrong[0].what
    assert not beginning or wrong[0].hint


def test_a_newest_sample_ahead_of_the_clock_is_no_fresh_one(tmp_path: Path):
    rrd(tmp_path, 10, 600, NOW + 86400)
    (finding, *_) = stored(harvest(10), tmp_path, "", lambda: NOW)
    assert not finding.good
    assert "24 h ahead of this clock" in finding.what


def test_a_folder_that_is_not_there_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code = main(
        [
            "doctor",
            "--run-folder",
            str(tmp_path),
            "--data-dir",
            f"{tmp_path}/no",
            "--state",
            f"{tmp_path}/no.db",
        ]
    )
    assert code == 1
    assert f"FAIL  {tmp_path}/no: no such folder" in capsys.readouterr().out


def test_what_ends_a_step_is_a_finding():
    def step() -> Iterator[DoctorFinding]:
        yield DoctorFinding(True, "one")
        raise ZeroDivisionError("of a file")

    first, second = guarded("files", step())
    assert first.what == "one"
    assert second == DoctorFinding(
        None, "files: not looked at to the end: ZeroDivisionError: of a file"
    )


STATUS = (
    "Name:\tcollectd\nUid:\t{0}\t{0}\t{0}\t{0}\nGid:\t{1}\t{1}\t{1}\t{1}\n"
    "Groups:\t{2} \nCapEff:\t{3}\n"
)


@pytest.mark.parametrize(
    ("user", "group", "groups", "capabilities", "may"),
    [
        pytest.param(0, 0, "0", "000001ffffffffff", True, id="root"),
        pytest.param(0, 0, "0", "0000000000000000", False, id="root-without-dac-override"),
        pytest.param(0, 0, "0 70", "0000000000000000", True, id="root-in-the-group"),
        pytest.param(33, 33, "33", "0000000000000000", False, id="another-user"),
        pytest.param(33, 33, "33 70", "0000000000000000", True, id="in-the-group"),
        pytest.param(60, 60, "60", "0000000000000000", True, id="the-owner"),
    ],
)
def test_whether_collectd_may_enter_the_folder(
    user: int, group: int, groups: str, capabilities: str, may: bool
):
    """0750 of user 60 and group 70."""
    rights = rights_in(STATUS.format(user, group, groups, capabilities))
    status = os.stat_result((0o40750, 0, 0, 2, 60, 70, 0, 0, 0, 0))
    assert rights.may(status, 5) is may


def test_our_own_rights_are_read():
    rights = rights_in(Path("/proc/self/status").read_text())
    assert rights.user == os.geteuid()
    assert isinstance(rights, Rights)


def test_types_without_the_stock_ones(tmp_path: Path):
    (tmp_path / "mine.db").write_text("# comment\nmine value:GAUGE:U:U\n")
    (tmp_path / "stock.db").write_text(
        "derive value:DERIVE:0:U\ncount value:GAUGE:0:U\n"
        "duration s:GAUGE:0:U\nqueue_length value:GAUGE:0:U\n"
    )
    text = f'WriteThreads 1\nTypesDB "{tmp_path}/mine.db"\n'
    (finding,) = judge(text, "f")
    assert "count, derive, duration, queue_length are unknown" in finding.what
    (finding,) = judge(f'{text}TypesDB "{tmp_path}/stock.db"\n', "f")
    assert finding.good
    assert not next(iter(judge(f'{text}TypesDB "{tmp_path}/none.db"\n', "f"))).good


def test_alerting_is_looked_at(tmp_path: Path):
    assert list(alerting(tmp_path / "a.db", NOW)) == []
    store = AlertDatabase(tmp_path / "a.db")
    store.commit(NOW, 10, State(), [], [])
    assert [finding.good for finding in alerting(tmp_path / "a.db", NOW + 5)] == [True]
    store.commit(NOW, 10, State(), [], [], {"store": "the store cannot answer: Permission denied"})
    (finding,) = alerting(tmp_path / "a.db", NOW + 5)
    assert not finding.good
    assert "Permission denied" in finding.what


def test_an_evaluator_s_file_that_is_none_is_a_finding(tmp_path: Path):
    (tmp_path / "a.db").write_bytes(b"no database" * 100)
    (finding,) = alerting(tmp_path / "a.db", NOW)
    assert finding.good is False
    assert "not a database" in finding.what
