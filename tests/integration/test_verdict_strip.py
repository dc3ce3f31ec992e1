"""The verdicts of a span from real files: runs, bounded work, gaps that are not called well."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.judge.verdict_strip import VerdictStrips
from collectd_fedmsg_dashboard.store.series import Window

from tests.integration.test_store_rrd import HOST, STEP, write

STUCK = 1200


@pytest.fixture
def stored(tmp_path):
    """Write an hour and a half of one consumer: away for ten minutes, then stuck at the end."""
    now = int(time.time()) // STEP * STEP
    times = [t for t in range(now - 5400, now + 1, STEP) if not 2400 < now - t < 3000]
    received = {t: 2 * (t - now + 5400) for t in times}
    waits = {t: max(0, 2 * (STUCK - (now - t))) for t in times}
    for metric, values in (
        ("received", received),
        ("backlog", waits),
        ("processed", {t: received[t] - waits[t] for t in times}),
    ):
        write(tmp_path, metric, values)
    return tmp_path, now


def test_runs_follow_what_happened(stored):
    """Well, unknown while nothing was heard, well, stuck: with the times of each."""
    root, now = stored
    client = create_app({"data_dir": root}).test_client()
    until = time.monotonic() + 60
    address = f"/api/v1/verdicts?daemon={HOST}/hub/Archiver&start={now - 3600}&end={now}"
    while not (body := client.get(address).get_json())["complete"]:
        assert time.monotonic() < until
    (daemon,) = body["daemons"]
    states = [run[2] for run in daemon["verdicts"]]
    assert states[0] == "OK"
    assert states[-1] == "STALLED"
    assert "UNKNOWN" in states
    for (_, end, _, _), (start, _, _, _) in zip(daemon["verdicts"], daemon["verdicts"][1:]):
        assert end == start
    began = daemon["verdicts"][-1][0]
    # A run begins one moment before the first that has its verdict.
    assert now - STUCK - 60 <= began < now - STUCK + 600
    absence = next(run for run in daemon["verdicts"] if run[2] == "UNKNOWN")
    assert now - 3000 < absence[1] < now - 2200


def test_work_is_bounded_and_kept(stored):
    """Without budget nothing is judged, and the answer is incomplete; none is judged twice."""
    root, now = stored
    app = create_app({"data_dir": root})
    store, judge = app.extensions["store"], app.extensions["judge"]
    daemons, window = list(store.daemons().values()), Window(now - 900, now - 120)
    strips = VerdictStrips(store, judge, budget=-1.0)
    answer = strips.of(daemons, window, now)
    assert (answer.complete, answer.runs) == (False, {daemons[0].id: []})
    strips = VerdictStrips(store, judge, budget=60.0)
    first = strips.of(daemons, window, now)
    assert first.complete
    for path in root.rglob("*.rrd"):
        path.unlink()
    assert strips.of(daemons, window, now) == first


def test_a_span_too_long_has_none(stored):
    """A year would be moments three days apart: it has no strip."""
    root, _ = stored
    client = create_app({"data_dir": root}).test_client()
    body = client.get(f"/api/v1/verdicts?daemon={HOST}/hub/Archiver&span=year").get_json()
    assert (body["every"], body["complete"], body["daemons"][0]["verdicts"]) == (0, True, [])
