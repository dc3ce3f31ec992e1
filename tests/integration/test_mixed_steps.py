"""Files of different steps: a daemon's share one grid, one slow host coarsens no other."""

from __future__ import annotations

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

import rrdtool
from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg.alerts.rules import Rule, RuleSet
from collectd_fedmsg.commands.paging import Paging
from collectd_fedmsg.commands.stored_series import open_stored

NOW = 1_700_001_000 // 300 * 300


def daemon(root, host, steps, flow, *, interval=10, seconds=3600):
    """Write a daemon's files: a metric's file has its own step, samples come each ``interval``.

    Args:
        steps: of the files of received, processed and backlog.
        flow: t → messages/s that arrive; 5/s can be handled.
    """
    folder = root / host / "fedmsg-hub"
    folder.mkdir(parents=True)
    received = processed = 0.0
    rows = {"derive-C_received": [], "derive-C_processed": [], "queue_length-C_backlog": []}
    for t in range(NOW - seconds, NOW + 1, interval):
        received += flow(t) * interval
        processed = min(received, processed + 5.0 * interval)
        for name, value in zip(rows, (received, processed, received - processed)):
            rows[name].append(f"{t}:{value:.0f}")
    for (name, lines), step in zip(rows.items(), steps):
        path = f"{folder}/{name}.rrd"
        kind = "GAUGE" if "backlog" in name else "DERIVE"
        rrdtool.create(
            path,
            "-s",
            str(step),
            "-b",
            str(NOW - seconds - step),
            f"DS:value:{kind}:900:0:U",
            *[f"RRA:{cf}:0.5:1:2000" for cf in ("AVERAGE", "MIN", "MAX")],
        )
        rrdtool.update(path, *lines)


def growing(t):
    """Six messages a second arrive for the last quarter of an hour, four before."""
    return 6.0 if t > NOW - 900 else 4.0


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((10, 10, 5), id="backlog-of-5-seconds"),
        pytest.param((5, 10, 10), id="arrivals-of-5-seconds"),
        pytest.param((5, 10, 30), id="three-steps"),
    ],
)
def test_a_daemon_s_files_are_judged_on_their_common_grid(tmp_path, steps):
    """The verdict, and the alert on the backlog, are those of files of one step."""
    answers = {}
    for name, chosen in (("alone", (10, 10, 10)), ("mixed", steps)):
        daemon(tmp_path / name, "h", chosen, growing)
        stored = open_stored({"data_dir": tmp_path / name, "timezone": "UTC"})
        paging = Paging(RuleSet((Rule("b", "backlog", above=100.0, hold=60.0),)))
        for now in range(NOW - 300, NOW + 1, 30):
            paging.add(stored.judgement(now))
        (judged,) = stored.judgement(NOW).daemons
        answers[name] = judged.diagnosis.verdict.name, len(paging.pages)
    assert answers["mixed"] == answers["alone"]
    assert answers["alone"][0] != "UNKNOWN"
    assert answers["alone"][1] == 1


def test_one_slow_host_makes_no_other_host_coarse(tmp_path):
    """A burst of a minute stays as high next to a host of 300 s; so does that host's curve."""
    daemon(tmp_path, "fast", (10, 10, 10), lambda t: 300.0 if NOW - 1800 < t <= NOW - 1740 else 2.0)
    daemon(tmp_path, "slow", (300, 300, 300), lambda t: 2.0, interval=300)
    app = create_app({"data_dir": tmp_path}).test_client()
    ask = f"/api/v1/series?start={NOW - 3000}&end={NOW}&metrics=received"
    alone = app.get(f"{ask}&daemon=fast/hub/C").get_json()
    body = app.get(f"{ask}&daemon=fast/hub/C&daemon=slow/hub/C").get_json()
    assert body["step"] == alone["step"] == 10
    fast, slow = (
        next(row["series"]["received"] for row in body["daemons"] if row["id"].startswith(name))
        for name in ("fast", "slow")
    )
    assert fast == alone["daemons"][0]["series"]["received"]
    assert max(x for x in fast if x is not None) == pytest.approx(300)
    assert {round(x, 6) for x in slow if x is not None} == {2.0}
