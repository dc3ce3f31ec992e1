"""One bad file or number is one daemon's trouble: named, and the others are as ever, everywhere."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

rrdtool = pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app  # noqa: E402
from collectd_fedmsg_dashboard.stored import StoredSeries  # noqa: E402

from tests.conftest import new_short_folder  # noqa: E402
from tests.integration.test_store_rrd import HOST, STEP, fleet, write  # noqa: E402
from tests.unit.dashboard.store.test_rrd_header import BROKEN  # noqa: E402
from tests.users import POWERLESS  # noqa: E402

GOOD, BAD = f"{HOST}/hub/Consumer0", f"{HOST}/hub/Consumer1"
SERIES = f"/api/v1/series?daemon={GOOD}&daemon={BAD}&topics=1&restarts=1&tied=1&usual=1"


@pytest.fixture
def now():
    return int(time.time()) // STEP * STEP


def path_of(root: Path, kind: str) -> Path:
    return root / HOST / "fedmsg-hub" / f"{kind}-Consumer1_{KINDS[kind]}.rrd"


KINDS = {"derive": "processed", "queue_length": "backlog", "duration": "oldest"}


def looked_at(root: Path) -> dict[str, dict]:
    """Ask for everything; nothing may fail but the picture of the bad daemon."""
    app = create_app(
        {
            "data_dir": root,
            "tied": [
                {
                    "daemon": HOST,
                    "series": f"{HOST}/fedmsg-hub/derive-Consumer1_processed",
                    "title": "tied",
                }
            ],
        }
    ).test_client()
    for path in (
        "/",
        f"/daemon/{BAD}",
        f"/daemon/{GOOD}",
        "/metrics",
        "/api/v1/state",
        SERIES,
        f"{SERIES}&span=year",
        f"/api/v1/series.csv?daemon={BAD}",
        "/healthz",
        f"/panel.png?daemon={GOOD}&metric=processed",
    ):
        answer = app.get(path)
        assert answer.status_code == 200, (path, answer.get_data(as_text=True)[:300])
    picture = app.get(f"/panel.png?daemon={BAD}&metric=processed")
    assert picture.status_code in (200, 404, 503)
    rows = app.get("/api/v1/daemons").get_json()["daemons"]
    text = app.get("/metrics").get_data(as_text=True)
    return {
        row["id"]: {
            **row,
            "metrics_text": [
                line for line in text.splitlines() if f'consumer="{row["consumer"]}"' in line
            ],
        }
        for row in rows
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_a_broken_file(tmp_path, now, broken, kind):
    """The daemon is UNKNOWN with the file named; a file that is gone may be no more missed."""
    fleet(tmp_path, now, count=2)
    write(
        tmp_path, "oldest", dict.fromkeys(range(now - 900, now + 1, STEP), 1), consumer="Consumer1"
    )
    broken(path_of(tmp_path, kind))
    rows = looked_at(tmp_path)
    assert rows[GOOD]["state"] != "UNKNOWN"
    if broken.__name__ == "unlink":
        return
    assert rows[BAD]["state"] == "UNKNOWN"
    assert not rows[BAD]["silent"]
    (problem,) = rows[BAD]["problems"]
    assert path_of(tmp_path, kind).name in problem
    assert problem in rows[BAD]["text"]
    assert any("fedmsg_unreadable" in line for line in rows[BAD]["metrics_text"])


@pytest.mark.parametrize("value", [float("inf"), 1e300, 1e18, -float("inf"), 1e16])
@pytest.mark.parametrize("metric", ["backlog", "oldest", "workers"])
def test_an_impossible_number(tmp_path, now, metric, value):
    """An infinite or huge number is named and drawn as unknown, never reckoned with."""
    fleet(tmp_path, now, count=2)
    times = range(now - 900, now + 1, STEP)
    path = write(tmp_path, metric, dict.fromkeys(times, 3.0), consumer="Consumer1")
    path.unlink()
    archives = [f"RRA:{cf}:0.1:{row}:1200" for row in (1, 7) for cf in ("AVERAGE", "MIN", "MAX")]
    rrdtool.create(
        str(path), "-s", str(STEP), "-b", str(now - 910), "DS:value:GAUGE:20:U:U", *archives
    )
    rrdtool.update(str(path), *[f"{t}:{value if t == now - 300 else 3}" for t in times])
    rows = looked_at(tmp_path)
    assert rows[GOOD]["state"] != "UNKNOWN"
    assert rows[BAD]["state"] == "UNKNOWN"
    assert f"{value:g}" in rows[BAD]["text"]
    app = create_app({"data_dir": tmp_path}).test_client()
    answer = app.get(f"/api/v1/series?daemon={BAD}&metrics={metric}&span=now").get_json()
    (daemon,) = answer["daemons"]
    assert max(point for point in daemon["series"][metric] if point is not None) == 3
    assert f"{value:g}" in daemon["problems"][0]


def test_an_infinite_newest_number_is_not_exported(tmp_path, now):
    fleet(tmp_path, now, count=2)
    path = write(tmp_path, "backlog", {now - 20: 1.0, now - 10: 1.0}, consumer="Consumer1")
    rrdtool.tune(str(path), "-a", "value:U")
    rrdtool.update(str(path), f"{now}:inf")
    text = create_app({"data_dir": tmp_path}).test_client().get("/metrics").get_data(as_text=True)
    assert "Inf" not in text
    assert f'consumer="Consumer1",host="{HOST}"' in text or 'consumer="Consumer1"' in text


def test_files_that_vanish_after_the_listing(tmp_path, now):
    """A cleanup between listing and reading: the listing is believed for seconds."""
    fleet(tmp_path, now, count=2)
    app = create_app({"data_dir": tmp_path}).test_client()
    assert app.get("/healthz").get_json()["daemons"] == 2
    for path in (tmp_path / HOST / "fedmsg-hub").glob("*Consumer1*"):
        path.unlink()
    for path in ("/", "/api/v1/daemons", "/metrics", SERIES):
        assert app.get(path).status_code == 200, path
    rows = {row["id"]: row for row in app.get("/api/v1/daemons").get_json()["daemons"]}
    assert rows[GOOD]["state"] != "UNKNOWN"
    assert "No such file" in rows[BAD]["text"]


def test_the_commands_see_the_same(tmp_path, now):
    """What alerts and diagnose read: every other daemon judged, nothing raised."""
    fleet(tmp_path, now, count=2)
    path_of(tmp_path, "queue_length").write_bytes(b"")
    stored = StoredSeries({"data_dir": tmp_path})
    states = {each.id: each.diagnosis.verdict.name for each in stored.judgement(now).daemons}
    assert states[BAD] == "UNKNOWN"
    assert states[GOOD] != "UNKNOWN"
    assert set(stored.newest([GOOD, BAD])) == {GOOD}
    assert [len(judgement.daemons) for judgement in stored.replay(now - 60, now, 30)] == [2, 2, 2]


def test_a_mistake_of_ours_is_one_daemons_too(tmp_path, now, monkeypatch, caplog):
    """An unexpected exception: that row says so, the log has its traceback once."""
    from collectd_fedmsg_dashboard.judge import judge, unknown

    monkeypatch.setattr(unknown, "_logged", set())
    fleet(tmp_path, now, count=2)
    real = judge.judge

    def odd(history, *more):
        if history is not None and history.name == "Consumer1":
            raise ZeroDivisionError("float division by zero")
        return real(history, *more)

    monkeypatch.setattr(judge, "judge", odd)
    rows = looked_at(tmp_path)
    looked_at(tmp_path)
    assert rows[GOOD]["state"] != "UNKNOWN"
    assert "ZeroDivisionError" in rows[BAD]["text"]
    assert sum(f"{BAD} cannot be judged" in record.getMessage() for record in caplog.records) == 1


ASK = (
    "import sys; from collectd_fedmsg_dashboard import create_app as c\n"
    "a = c({'data_dir': sys.argv[1]}).test_client().get('/api/v1/daemons').get_json()\n"
    "print(a['fleet']['headline'], *(d['consumer'] + '=' + d['state'] for d in a['daemons']))"
)


@pytest.mark.parametrize("closed", ["h2.example.org", "h2.example.org/fedmsg-hub"])
def test_a_closed_folder_is_named(now, closed):
    """Without permission for one host's folder the others are read, and the error names it."""
    with new_short_folder() as root:
        root.chmod(0o755)
        fleet(root, now)
        for metric in ("received", "processed", "backlog"):
            write(root, metric, {now - 10: 1, now: 1}, folder="h2.example.org/fedmsg-hub")
        (root / closed).chmod(0)
        process = subprocess.run(
            [*POWERLESS, sys.executable, "-c", ASK, root],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        (root / closed).chmod(0o755)
    assert f"not read: {closed}: Permission denied" in process.stdout
    assert "Consumer0=" in process.stdout
    assert "Consumer0=UNKNOWN" not in process.stdout


def test_a_folder_closed_meanwhile_keeps_its_daemons(now):
    """They are known: UNKNOWN, not gone."""
    code = (
        "import os, sys; from collectd_fedmsg_dashboard import create_app as c\n"
        "from collectd_fedmsg_dashboard.store import rrd_listing as l; l.MAX_AGE = 0\n"
        "a = c({'data_dir': sys.argv[1]}); b = a.test_client(); b.get('/')\n"
        f"os.chmod(sys.argv[1] + '/{HOST}', 0)\n"
        "a.extensions['fleet']._cache._cached = (0, {})\n"
        "print([d['state'] for d in b.get('/api/v1/daemons').get_json()['daemons']])"
    )
    with new_short_folder() as root:
        root.chmod(0o755)
        fleet(root, now)
        for metric in ("received", "processed", "backlog"):
            write(
                root,
                metric,
                dict.fromkeys(range(now - 600, now + 1, STEP), 1),
                folder="h2.example.org/fedmsg-hub",
            )
        process = subprocess.run(
            [*POWERLESS, sys.executable, "-c", code, root],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        (root / HOST).chmod(0o755)
    assert process.stdout.count("'") == 4
    assert "UNKNOWN" in process.stdout


def test_a_linked_host_is_named(tmp_path, now):
    fleet(tmp_path / "rrd", now)
    (tmp_path / "rrd" / "linked").symlink_to(tmp_path)
    answer = create_app({"data_dir": tmp_path / "rrd"}).test_client().get("/api/v1/daemons")
    assert answer.get_json()["problems"] == ["linked: a link, not followed"]


def emptied(root: Path) -> None:
    for path in root.rglob("*.rrd"):
        path.unlink()


def moved(root: Path) -> None:
    root.rename(root.with_name("elsewhere"))


@pytest.mark.parametrize("lost", [emptied, moved], ids=lambda f: f.__name__)
def test_a_lost_store_is_503_and_its_rows_stay(tmp_path, now, monkeypatch, lost):
    """Not "No daemon yet": what was known is shown as unknown, and probes fail."""
    from collectd_fedmsg_dashboard.store import rrd_listing

    monkeypatch.setattr(rrd_listing, "MAX_AGE", 0)
    root = tmp_path / "rrd"
    fleet(root, now, count=2)
    app = create_app({"data_dir": root})
    client = app.test_client()
    assert client.get("/").status_code == 200
    lost(root)
    app.extensions["fleet"]._cache._cached = (0, {})
    health = client.get("/healthz")
    assert health.status_code == 503
    assert "the store lost all 2 daemons" in health.get_json()["error"]["message"]
    assert client.get("/api/v1/daemons").status_code == 503
    page = client.get("/")
    assert page.status_code == 503
    assert "The store lost all 2 daemons" in page.get_data(as_text=True)
    assert page.get_data(as_text=True).count('data-state="UNKNOWN"') == 2


def test_a_folder_that_never_was_is_503(tmp_path):
    answer = create_app({"data_dir": tmp_path / "none"}).test_client().get("/healthz")
    assert answer.status_code == 503
    assert "No such file" in answer.get_json()["error"]["message"]


def test_the_first_sample_of_all_is_no_wrong_heartbeat(tmp_path, now):
    """A file that has one update and a heartbeat of an hour: too young to say anything."""
    folder = tmp_path / HOST / "fedmsg-hub"
    folder.mkdir(parents=True)
    for kind, name in KINDS.items():
        path = f"{folder}/{kind}-Consumer1_{name}.rrd"
        source = "DERIVE" if kind == "derive" else "GAUGE"
        rrdtool.create(
            path,
            "-s",
            "10",
            "-b",
            str(now - 11),
            f"DS:value:{source}:3600:0:U",
            "RRA:AVERAGE:0.1:1:1200",
        )
        rrdtool.update(path, f"{now - 5}:0")
    (row,) = (
        create_app({"data_dir": tmp_path})
        .test_client()
        .get("/api/v1/daemons")
        .get_json()["daemons"]
    )
    assert row["state"] == "UNKNOWN"
    assert "heartbeat" not in row["text"]


def test_a_heartbeat_below_the_interval_is_named(tmp_path, now):
    """Samples come each minute to files that forget after 20 s: nothing is kept."""
    minute = now // 60 * 60
    for metric, values in (
        ("received", lambda t: t),
        ("processed", lambda t: t),
        ("backlog", lambda t: 5),
    ):
        write(tmp_path, metric, {t: values(t) for t in range(minute - 3600, minute + 1, 60)})
    (row,) = (
        create_app({"data_dir": tmp_path})
        .test_client()
        .get("/api/v1/daemons")
        .get_json()["daemons"]
    )
    assert row["state"] == "UNKNOWN"
    assert "heartbeat of 20 s" in row["text"]
    assert not row["silent"]


def test_an_archive_of_seconds_alone_is_not_read_for_six_weeks(tmp_path, now):
    """3.6 million points of each series for a baseline would take 20 s: it goes without."""
    folder = tmp_path / HOST / "fedmsg-hub"
    folder.mkdir(parents=True)
    for kind, name, source in (
        ("derive", "received", "DERIVE"),
        ("derive", "processed", "DERIVE"),
        ("queue_length", "backlog", "GAUGE"),
    ):
        path = str(folder / f"{kind}-C_{name}.rrd")
        rrdtool.create(
            path,
            "-s",
            "1",
            "-b",
            str(now - 3700),
            f"DS:value:{source}:20:0:U",
            "RRA:AVERAGE:0.1:1:4000",
            "RRA:MAX:0.1:1:4000",
        )
        rrdtool.update(
            path,
            *[
                f"{t}:{t - now + 3700 if source == 'DERIVE' else 0}"
                for t in range(now - 3690, now + 1)
            ],
        )
    began = time.process_time()
    app = create_app({"data_dir": tmp_path}).test_client()
    (row,) = app.get("/api/v1/daemons").get_json()["daemons"]
    assert row["problems"] == []
    assert app.get(f"/api/v1/series?daemon={row['id']}&span=year").status_code == 200
    assert time.process_time() - began < 30  # of 0.5; unbounded: minutes


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Berlin", 1761438600),
        ("Europe/Berlin", 1761442200),
        ("America/New_York", 1762065000),
        ("Australia/Lord_Howe", 1775315700),
        ("UTC", 1761442200),
    ],
)
def test_the_newest_time_in_an_hour_that_a_clock_shows_twice(tmp_path, monkeypatch, zone, moment):
    from collectd_fedmsg_dashboard.store.rrd import RRDStore

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    path = tmp_path / "a.rrd"
    rrdtool.create(
        str(path), "-s", "10", "-b", str(moment - 20), "DS:value:GAUGE:20:0:U", "RRA:MAX:0.1:1:100"
    )
    rrdtool.update(str(path), f"{moment}:5")
    assert RRDStore(tmp_path).newest(path) == (moment, 5.0)
    monkeypatch.undo()
    time.tzset()
