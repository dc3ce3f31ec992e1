"""Real files by rrdtool: counts survive the way to the API, gaps stay gaps, names are data."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

rrdtool = pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app  # noqa: E402

from collectd_fedmsg.metrics import BY_NAME  # noqa: E402

STEP = 10
HOST = "h.example.org"


def write(
    root: Path,
    metric: str,
    values: dict[int, float],
    *,
    consumer: str = "Archiver",
    folder: str = f"{HOST}/fedmsg-hub",
    name: str = "",
    heartbeat: int = 2 * STEP,
) -> Path:
    """Make one file as collectd's rrdtool plugin does, with its default archives."""
    kind = BY_NAME.get(metric)
    file = name or f"{kind.collectd_type}-{kind.type_instance(consumer)}"
    path = root / folder / f"{file}.rrd"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = kind.kind.value if kind else "GAUGE"
    archives = [
        f"RRA:{cf}:0.1:{row}:{1200}" for row in (1, 7, 50, 223) for cf in ("AVERAGE", "MIN", "MAX")
    ]
    times = sorted(values)
    rrdtool.create(
        str(path),
        "-s",
        str(STEP),
        "-b",
        str(times[0] - STEP),
        f"DS:value:{source}:{heartbeat}:0:U",
        *archives,
    )
    rrdtool.update(str(path), *[f"{t}:{values[t]:.15g}" for t in times])
    return path


def fleet(root: Path, now: int, count: int = 1, ahead: int = 0) -> int:
    """Write ``count`` daemons with 15 minutes of samples; return messages received by each.

    ``ahead``: seconds of samples that are stored beforehand, too. A daemon is silent without a
    sample for 30 s, which opening a page may take on a busy machine; a sample may be early by 60 s.
    """
    times = range(now - 900, now + ahead + 1, STEP)
    total, received, processed, backlog = 0, {}, {}, {}
    for index, t in enumerate(times):
        total += int(40 + 30 * math.sin(index / 7)) if index else 0
        waits = max(0, 60 - abs(index - 60) * 4)
        received[t], processed[t], backlog[t] = 1000 + total, 1000 + total - waits, waits
    for number in range(count):
        for metric, values in (
            ("received", received),
            ("processed", processed),
            ("backlog", backlog),
        ):
            write(root, metric, values, consumer=f"Consumer{number}")
    return received[now] - received[times[0]]


@pytest.fixture
def now():
    return int(time.time()) // STEP * STEP


def client(root: Path):
    return create_app({"data_dir": root}).test_client()


def test_counts_integrate_exactly(tmp_path, now):
    """The sum of rate × step over the span is the number of messages."""
    total = fleet(tmp_path, now)
    answer = (
        client(tmp_path)
        .get(f"/api/v1/series?daemon={HOST}/hub/Consumer0&start={now - 900}&end={now}")
        .get_json()
    )
    (daemon,) = answer["daemons"]
    for metric in ("received", "processed"):
        rates = daemon["series"][metric]
        assert None not in rates
        assert round(sum(rates) * answer["step"], 6) == total
    assert max(daemon["series"]["backlog"]) == 60
    assert len(rates) == (answer["end"] - answer["start"]) // answer["step"]


def test_unknown_is_null(tmp_path, now):
    """An outage longer than the heartbeat is null, never 0."""
    values = {
        t: 5 * (t - now + 900)
        for t in range(now - 900, now + 1, STEP)
        if not now - 500 < t < now - 400
    }
    write(tmp_path, "received", values)
    series = (
        client(tmp_path)
        .get(f"/api/v1/series?daemon={HOST}/hub/Archiver&metrics=received")
        .get_json()["daemons"][0]["series"]["received"]
    )
    assert series.count(None) >= 10
    assert {round(v, 9) for v in series if v is not None} == {5}


def test_the_backlog_of_a_daemon_that_was_away_is_null(tmp_path, now):
    """However long the heartbeat: RRD has its next value there, which was not measured."""
    times = [t for t in range(now - 900, now + 1, STEP) if not now - 500 < t < now - 400]
    write(tmp_path, "backlog", dict.fromkeys(times, 3), heartbeat=3600)
    totals = {t: 5 * (t - now + 900 if t < now - 450 else t - now + 400) for t in times}
    write(tmp_path, "received", totals, heartbeat=3600)
    ask = f"/api/v1/series?daemon={HOST}/hub/Archiver&start={now - 700}&end={now - 100}&metrics="
    for metrics in ("received,backlog", "backlog"):
        body = client(tmp_path).get(ask + metrics).get_json()
        (row,) = body["daemons"]
        assert set(row["series"]) == {*metrics.split(","), "backlog_min"}
        absence = slice((now - 500 - body["start"]) // STEP, (now - 410 - body["start"]) // STEP)
        for key in ("backlog", "backlog_min"):
            points = row["series"][key]
            assert points[absence] == [None] * 9
            assert {*points[: absence.start], *points[absence.stop :]} == {3}


def test_silent_daemon_is_unknown(tmp_path, now):
    """Samples that stopped a minute ago are not called healthy."""
    fleet(tmp_path, now - 60)
    (row,) = client(tmp_path).get("/api/v1/daemons").get_json()["daemons"]
    assert row["state"] == "UNKNOWN"


def test_old_fedora_files_are_history(tmp_path, now):
    """``gauge-X_in`` of 2014, messages per poll of 5 s, is drawn as the rate of the same daemon.

    moksha polled every 5 s whatever step the file was made with.
    """
    write(tmp_path, "in", dict.fromkeys(range(now - 900, now + 1, STEP), 50), name="gauge-Old_in")
    answer = client(tmp_path).get(f"/api/v1/series?daemon={HOST}/hub/Old&metrics=received")
    assert 10.0 in answer.get_json()["daemons"][0]["series"]["received"]


@pytest.mark.parametrize(
    "query",
    [
        "end=99999999999",
        "start=-99999999999",
        "start=now&end=-5",
        "step=1&start=-31622400",
        "step=-1",
        "span=fortnight",
        "metrics=nope",
        "end=1e9",
        "start=%00",
        "start=-9%C2%B2",
    ],
)
def test_bad_queries_are_400(tmp_path, now, query):
    """Everything out of bounds is refused with words, quickly."""
    fleet(tmp_path, now)
    answer = client(tmp_path).get(f"/api/v1/series?daemon={HOST}/hub/Consumer0&{query}")
    assert answer.status_code == 400


def test_hostile_names_are_data(tmp_path, now):
    """Odd names neither break the listing nor reach HTML or rrdtool as anything but text."""
    values = dict.fromkeys(range(now - 100, now + 1, STEP), 1)
    write(tmp_path, "backlog", values, name="queue_length-<b>x_backlog")
    write(tmp_path, "backlog", values, folder="-n/fedmsg-a:b", name="queue_length--n_backlog")
    write(tmp_path, "backlog", values, folder="h/fedmsg-c", name="queue_length-ok_backlog")
    (tmp_path / "h/fedmsg-c/-n.rrd").write_text("x")
    raw = os.fsencode(tmp_path / "h/fedmsg-c") + b"/queue_length-\xff_backlog.rrd"
    with open(raw, "wb") as junk:  # noqa: PTH123 - a Path cannot hold these bytes
        junk.write(b"x")
    browser = client(tmp_path)
    page = browser.get("/")
    assert page.status_code == 200
    assert "<b>x" not in page.get_data(as_text=True)
    rows = browser.get("/api/v1/daemons").get_json()["daemons"]
    assert len(rows) == 3
    for row in rows:
        picture = browser.get("/panel.png", query_string={"daemon": row["id"], "metric": "backlog"})
        assert picture.data.startswith(b"\x89PNG")
    assert browser.get("/api/v1/series?daemon=../../etc").status_code == 404


def test_host_header_and_absent_store(tmp_path):
    """A foreign Host is refused; a folder that is not there is an empty fleet."""
    browser = client(tmp_path)
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert "No daemon has been seen" in browser.get("/").get_data(as_text=True)


def test_etag_and_encoding(tmp_path, now):
    """A poll that has the newest answer costs 304; the rest is packed."""
    fleet(tmp_path, now)
    browser = client(tmp_path)
    address = f"/api/v1/series?daemon={HOST}/hub/Consumer0&start={now - 900}&end={now}"
    first = browser.get(address, headers={"Accept-Encoding": "br"})
    assert first.headers["Content-Encoding"] == "br"
    second = browser.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 304


@pytest.mark.parametrize("span", ["day", "week", "month"])
def test_the_unfinished_step_holds_what_waits_now(tmp_path, now, span):
    """A backlog of the last minute is the newest value of each span, however coarse its steps."""
    times = range(now - 7 * 3600, now + 1, STEP)
    write(tmp_path, "backlog", {t: 268 if t > now - 60 else 0 for t in times})
    write(tmp_path, "received", {t: (t - times[0]) * 5 for t in times})
    series = (
        client(tmp_path)
        .get(f"/api/v1/series?daemon={HOST}/hub/Archiver&span={span}")
        .get_json()["daemons"][0]["series"]
    )
    for name, value in (("backlog", 268), ("received", 5)):
        assert next(v for v in reversed(series[name]) if v is not None) == pytest.approx(value)
    assert None not in series["backlog"][-2:]
