"""A host that was retired is kept and found, but counted nowhere; so is a topic."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import rrdtool
from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg.commands.stored_series import open_stored

DAY = 86400


@pytest.fixture
def now():
    """Return the newest whole step; files begin to age once it is taken."""
    return int(time.time()) // 10 * 10


def host(root, name, end, *, topic_end=None):
    """Write ten minutes of a daemon without messages that end at ``end``."""
    folder = root / name / "fedmsg-hub"
    folder.mkdir(parents=True)
    for kind, instance in (
        ("derive", "C_received"),
        ("derive", "C_processed"),
        ("queue_length", "C_backlog"),
        ("derive", "C_topic-org.a"),
    ):
        last = topic_end if topic_end and "topic" in instance else end
        path = f"{folder}/{kind}-{instance}.rrd"
        rrdtool.create(
            path,
            "-s",
            "10",
            "-b",
            str(last - 610),
            f"DS:value:{'DERIVE' if kind == 'derive' else 'GAUGE'}:3600:0:U",
            "RRA:MAX:0.1:1:1200",
            "RRA:AVERAGE:0.1:1:1200",
        )
        rrdtool.update(path, *[f"{t}:0" for t in range(last - 600, last + 1, 10)])


@pytest.mark.parametrize(
    ("age", "retired"),
    [pytest.param(6 * DAY, False, id="six-days"), pytest.param(8 * DAY, True, id="eight-days")],
)
def test_after_a_week_a_host_is_retired(tmp_path, now, age, retired):
    """Until then it is silent; from then on it rings nowhere, and its row is still there."""
    host(tmp_path, "app01", now)
    host(tmp_path, "old01", now - age)
    body = create_app({"data_dir": tmp_path}).test_client().get("/api/v1/daemons").get_json()
    rows = {row["host"]: row for row in body["daemons"]}
    assert rows["old01"]["group"] == ("retired" if retired else "silent")
    assert rows["old01"]["last_sample"] == now - age
    fleet = body["fleet"]
    assert (fleet["daemons"], fleet["silent"], fleet["retired"]) == (
        (1, 0, 1) if retired else (2, 1, 0)
    )
    daemons = open_stored({"data_dir": tmp_path}).judgement(now).daemons
    assert [daemon.host for daemon in daemons] == (["app01"] if retired else ["app01", "old01"])


def test_a_topic_of_which_nothing_came_for_a_week_is_not_listed(tmp_path, now):
    host(tmp_path, "app01", now, topic_end=now - 8 * DAY)
    host(tmp_path, "app02", now)
    body = create_app({"data_dir": tmp_path}).test_client().get("/api/v1/daemons").get_json()
    assert {row["host"]: row["topics"] for row in body["daemons"]} == {
        "app01": [],
        "app02": ["org.a"],
    }


def test_a_fleet_of_retired_hosts_is_no_silence_of_collectd(tmp_path, now):
    host(tmp_path, "old01", now - 40 * DAY)
    fleet = (
        create_app({"data_dir": tmp_path}).test_client().get("/api/v1/daemons").get_json()["fleet"]
    )
    assert (fleet["daemons"], fleet["silent"], fleet["retired"]) == (0, 0, 1)
