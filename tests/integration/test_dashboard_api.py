"""The API on real files: derived units, tied series, marks, CSV, metrics, login, hung parts."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import socket
import subprocess
import sys
import threading
import time

import pytest

rrdtool = pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app, serve  # noqa: E402
from collectd_fedmsg_dashboard.judge.fleet_rows import MIN_IN_BACKGROUND  # noqa: E402
from collectd_fedmsg_dashboard.store import flusher  # noqa: E402
from collectd_fedmsg_dashboard.web import first_paint  # noqa: E402
from collectd_fedmsg_dashboard.web.verdict_help import EXPLAINED  # noqa: E402
from markupsafe import escape  # noqa: E402
from werkzeug.security import generate_password_hash  # noqa: E402

from collectd_fedmsg.diagnosis import Verdict  # noqa: E402
from collectd_fedmsg.errors import ConfigError  # noqa: E402
from tests.integration.test_store_rrd import HOST, STEP, fleet, write  # noqa: E402

ARCHIVER = f"{HOST}/hub/Archiver"


@pytest.fixture
def now():
    return int(time.time()) // STEP * STEP


def client(root, **settings):
    return create_app({"data_dir": root, **settings}).test_client()


def series(browser, now, metrics, **more):
    """Return the one daemon's part of the answer for the last 15 minutes."""
    answer = browser.get(
        "/api/v1/series",
        query_string={
            "daemon": ARCHIVER,
            "metrics": metrics,
            "start": now - 900,
            "end": now,
            **more,
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()["daemons"][0]


def known(points):
    return [value for value in points if value is not None]


def test_derived_quantities_have_their_units(tmp_path, now):
    """2 workers, each message 0.25 s, 4 messages/s: utilisation 0.5, service time 0.25 s."""
    times = range(now - 900, now + 1, STEP)
    write(tmp_path, "busy", {t: (t - now + 900) * 1_000_000 for t in times})
    write(tmp_path, "processed", {t: (t - now + 900) * 4 for t in times})
    write(tmp_path, "workers", dict.fromkeys(times, 2))
    body = series(client(tmp_path), now, "utilisation,service_time")["series"]
    assert set(body) == {"utilisation", "service_time"}
    assert set(known(body["utilisation"])) == {0.5}
    assert set(known(body["service_time"])) == {0.25}
    assert len(known(body["service_time"])) > 80


def test_tied_series_are_on_the_same_grid(tmp_path, now):
    """Any collectd series of any host is drawn under the daemons it is tied to, by source."""
    times = range(now - 900, now + 1, STEP)
    write(tmp_path, "backlog", dict.fromkeys(times, 1))
    path = tmp_path / "db01/load/load.rrd"
    path.parent.mkdir(parents=True)
    rrdtool.create(
        str(path),
        "-s",
        str(STEP),
        "-b",
        str(now - 910),
        "DS:shortterm:GAUGE:20:0:U",
        "DS:longterm:GAUGE:20:0:U",
        "RRA:AVERAGE:0.5:1:1200",
        "RRA:MAX:0.5:1:1200",
    )
    rrdtool.update(str(path), *[f"{t}:7:3" for t in times])
    tied = [
        {"daemon": HOST, "series": "db01/load/load#longterm", "title": "Load of db01"},
        {"daemon": HOST, "series": "db01/load/load", "title": "Short"},
        {"daemon": HOST, "series": "../../etc/passwd", "title": "Absent"},
        {"daemon": "other", "series": "db01/load/load", "title": "Other"},
    ]
    body = series(client(tmp_path, tied=tied), now, "backlog", tied=1)
    assert set(body["tied"]) == {"Load of db01", "Short", "Absent"}
    assert set(known(body["tied"]["Load of db01"])) == {3}
    assert set(known(body["tied"]["Short"])) == {7}
    assert known(body["tied"]["Absent"]) == []
    assert (
        len({len(points) for points in body["tied"].values()} | {len(body["series"]["backlog"])})
        == 1
    )


def test_a_restart_is_a_mark(tmp_path, now):
    """A total that shrank while the backlog is known: the daemon restarted then."""
    times = range(now - 900, now + 1, STEP)
    began = now - 400
    write(tmp_path, "received", {t: 5000 + t - now if t < began else t - began for t in times})
    write(tmp_path, "backlog", dict.fromkeys(times, 0))
    assert series(client(tmp_path), now, "backlog", restarts=1)["restarts"] == [began]


def test_csv_holds_what_json_holds(tmp_path, now):
    """A row per step; a topic's name runs in no spreadsheet; unknown is empty."""
    times = range(now - 900, now + 1, STEP)
    write(tmp_path, "received", {t: (t - now + 900) * 2 for t in times})
    write(tmp_path, "x", dict.fromkeys(times, 1), name="derive-Archiver_topic-=cmd")
    answer = client(tmp_path).get(
        "/api/v1/series.csv",
        query_string={
            "daemon": ARCHIVER,
            "metrics": "received",
            "topics": 1,
            "start": now - 900,
            "end": now,
        },
    )
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["time", "received", "topic =cmd"]
    assert len(rows) == 91
    assert {row[1] for row in rows[1:]} <= {"2.0", ""}


def test_marks_want_the_token_and_survive(tmp_path, now):
    """Only with the token; kept in the file; bad ones refused; removable."""
    rrd = tmp_path / "rrd"
    fleet(rrd, now)
    settings = {"token": "s3cret of sixteen and more", "marks_file": tmp_path / "marks"}
    browser = client(rrd, **settings)
    note = {"text": "moved to <b>db02</b>", "daemon": HOST}
    assert browser.post("/api/v1/marks", json=note).status_code == 401
    assert client(rrd).post("/api/v1/marks", json=note).status_code == 403
    token = {"X-Token": "s3cret of sixteen and more"}
    created = browser.post("/api/v1/marks", json=note, headers=token)
    assert created.status_code == 201
    bearer = {"Authorization": "Bearer s3cret of sixteen and more"}
    for bad in (
        {},
        [],
        {"text": ""},
        {"text": "a\nb"},
        {"text": "x" * 201},
        {"text": "a", "b": 1},
        {"text": "a", "time": True},
        {"text": "a", "time": 10**12},
        {"text": "a", "kind": "version"},
        {"text": "a", "kind": None},
    ):
        assert browser.post("/api/v1/marks", json=bad, headers=bearer).status_code == 400, bad
    restarted = client(rrd, **settings)
    address = f"/api/v1/marks?start=-600&daemon={HOST}/hub/Consumer0"
    (mark,) = restarted.get(address).get_json()["marks"]
    assert mark["text"] == note["text"]
    assert restarted.get("/api/v1/marks?start=-600&daemon=other/x/y").get_json()["marks"] == []
    mark_address = f"/api/v1/marks/{created.get_json()['id']}"
    assert restarted.delete(mark_address, headers=token).status_code == 204
    refused = restarted.delete(mark_address, headers=token)
    assert refused.status_code == 404
    assert refused.get_json()["error"]["message"] == "No such mark."


def test_metrics_hold_every_series_with_its_total(tmp_path, now):
    """Prometheus' own parser reads it; totals are totals; what is stale is left out."""
    parser = pytest.importorskip("prometheus_client.parser")
    fleet(tmp_path, now, 2)
    write(tmp_path, "busy", {now - 10: 1_000_000, now: 2_500_000}, consumer="Consumer0")
    write(
        tmp_path, "backlog", dict.fromkeys(range(now - 900, now - 600, STEP), 9), consumer="Silent"
    )
    text = client(tmp_path).get("/metrics").text
    values = {
        (s.name, s.labels.get("consumer")): s.value
        for f in parser.text_string_to_metric_families(text)
        for s in f.samples
    }
    assert values["fedmsg_busy_seconds_total", "Consumer0"] == 2.5
    last = rrdtool.lastupdate(str(tmp_path / f"{HOST}/fedmsg-hub/derive-Consumer1_received.rrd"))
    assert values["fedmsg_received_messages_total", "Consumer1"] == last["ds"]["value"]
    assert ("fedmsg_backlog_messages", "Consumer1") in values
    assert ("fedmsg_backlog_messages", "Silent") not in values
    assert ("fedmsg_severity", "Silent") in values


def test_filters_and_help(tmp_path, now):
    """The list is filtered by state; each verdict is explained."""
    fleet(tmp_path, now - 120, 2)
    browser = client(tmp_path)
    assert browser.get("/api/v1/daemons?state=UNKNOWN").get_json()["found"] == 2
    assert browser.get("/api/v1/daemons?state=OK&state=SLOW").get_json()["daemons"] == []
    text = browser.get("/help").text
    assert "Each message takes longer to process than usual." in text
    assert set(EXPLAINED) == set(Verdict)
    for verdict, (explanation, steps) in EXPLAINED.items():
        assert f'id="{verdict.name}"' in text
        assert verdict.healthy or steps
        assert all(escape(sentence) in text for sentence in (explanation, *steps))


@pytest.mark.parametrize(
    ("shared", "text"),
    [
        pytest.param([{"name": "db"}], "shared.daemons of db = None", id="no-daemons"),
        pytest.param(
            [{"name": "db", "daemon": ["a"]}], "shared.daemon = ['a']: unknown", id="typo"
        ),
        pytest.param({"name": "db"}, "must be tables", id="one-table"),
        pytest.param([{"name": "db", "daemons": ["a"]}] * 2, "is given twice", id="twice"),
    ],
)
def test_mistakes_in_what_is_shared_are_named(tmp_path, shared, text):
    """File, key and value, before anything is served."""
    with pytest.raises(ConfigError) as caught:
        create_app({"data_dir": tmp_path, "shared": shared})
    assert text in str(caught.value)


def test_basic_auth(tmp_path, now):
    """With a users' file reading takes a password; health checks do not."""
    fleet(tmp_path / "rrd", now)
    users = tmp_path / "users"
    users.write_text(f"# who\nada:{generate_password_hash('pw', 'pbkdf2:sha256:1000')}\n")
    browser = client(tmp_path / "rrd", users_file=users)

    def status(credentials: str) -> int:
        login = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
        return browser.get("/", headers=login).status_code

    assert browser.get("/").status_code == 401
    assert "Basic" in browser.get("/api/v1/daemons").headers["WWW-Authenticate"]
    assert [status(g) for g in ("ada:no", "bob:pw", "ada:pw", "ada:pw", "ada")] == [
        401,
        401,
        200,
        200,
        401,
    ]
    assert browser.get("/healthz").status_code == 200


def test_proxy_header_is_believed_from_the_proxy_only(tmp_path, now):
    """The header logs in, but only from the proxy's address."""
    fleet(tmp_path, now)
    browser = client(tmp_path, auth_header="X-Forwarded-User", proxies=["192.0.2.7"])
    headers = {"X-Forwarded-User": "ada"}
    for address, expected in (("192.0.2.7", 200), ("192.0.2.8", 403), ("127.0.0.1", 403)):
        assert (
            browser.get("/", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code
            == expected
        )


def test_settings_file(tmp_path):
    """The file's settings hold where the command line says nothing."""
    file = tmp_path / "dashboard.toml"
    (tmp_path / "token").write_text("sixteen characters\n")
    (tmp_path / "token").chmod(0o600)
    file.write_text(
        f'data_dir = "/nowhere"\ninterval = 5\ntoken_file = "{tmp_path}/token"\n'
        '[[tied]]\ndaemon = "h"\nseries = "db/load/load"\ntitle = "Load"\n'
    )
    options = serve.parser().parse_args(["--config", str(file), "--interval", "7"])
    settings = create_app(serve.combined(options)).extensions["settings"]
    assert (settings.interval, settings.token, settings.tied[0].title) == (
        7,
        "sixteen characters",
        "Load",
    )


def test_rrdcached_that_hangs_is_503_in_time(short_folder, tmp_path, now, monkeypatch):
    """A daemon that accepts and never answers costs a bounded wait, not a thread for ever."""
    monkeypatch.setattr(flusher, "TIMEOUT_SECONDS", 0.2)
    fleet(tmp_path, now)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(short_folder / "s"))
        mute.listen(5)
        answer = client(tmp_path, rrdcached=f"unix:{short_folder}/s").get(
            f"/api/v1/series?daemon={HOST}/hub/Consumer0"
        )
    assert answer.status_code == 503
    assert "rrdcached" in answer.get_json()["error"]["message"]


def test_slow_and_unread_connections_leave_the_page_served(tmp_path, now):
    """More half-sent requests and never-read answers than threads: others are answered."""
    fleet(tmp_path, now, 3)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "collectd_fedmsg_dashboard.serve",
            "--data-dir",
            str(tmp_path),
            "--port",
            "0",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    address = ("127.0.0.1", int(process.stdout.readline().rstrip("/\n").rpartition(":")[2]))
    links = []
    try:
        for number in range(20):
            link = socket.create_connection(address, timeout=60)
            links.append(link)
            if number % 2:
                link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            else:  # pipelined, nothing ever read
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                link.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        with socket.create_connection(address, timeout=60) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            reply = b""
            while part := link.recv(4096):
                reply += part
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["ok"] is True
    finally:
        for link in links:
            link.close()
        process.terminate()
        process.wait(60)


def test_panels_at_an_address_for_mails(tmp_path, now):
    """``/daemon/<id>/panel.png`` is a PNG; a metric that is not stored is 404."""
    fleet(tmp_path, now)
    browser = client(tmp_path)
    address = f"/daemon/{HOST}/hub/Consumer0/panel.png?span=hour&width=300"
    assert browser.get(address).data.startswith(b"\x89PNG")
    assert browser.get(f"{address}&metric=delay").status_code == 404
    assert math.isfinite(browser.get(address).content_length)


def test_many_daemons_are_unknown_before_they_are_judged(tmp_path, now, monkeypatch):
    """The first request is answered at once that many are being read: unknown, neither well
    nor silent; the verdicts follow."""
    for number in range(MIN_IN_BACKGROUND):
        write(
            tmp_path,
            "backlog",
            dict.fromkeys(range(now - 60, now + 1, STEP), 0),
            consumer=f"C{number}",
        )
    app = create_app({"data_dir": tmp_path})
    browser, judge, requested = app.test_client(), app.extensions["judge"], threading.Event()
    everyone = judge.everyone

    def judged_later(moment):
        assert requested.wait(60)
        return everyone(moment)

    monkeypatch.setattr(judge, "everyone", judged_later)
    first = browser.get("/api/v1/daemons").get_json()
    assert first["reading"]
    assert first["fleet"]["headline"] == (
        f"{MIN_IN_BACKGROUND} daemons are being read: nothing is known yet"
    )
    assert first["fleet"]["states"] == {"UNKNOWN": MIN_IN_BACKGROUND}
    assert (first["fleet"]["silent"], first["fleet"]["unknown"]) == (0, MIN_IN_BACKGROUND)
    assert "not judged yet" in browser.get(f"/daemon/{HOST}/hub/C7").text
    requested.set()
    until = time.monotonic() + 60
    while (body := browser.get("/api/v1/daemons").get_json())["reading"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    # Only the backlog is known of these: heard of, and not to be judged.
    assert (body["fleet"]["silent"], body["fleet"]["unknown"]) == (0, MIN_IN_BACKGROUND)
    assert body["fleet"]["headline"] == f"{MIN_IN_BACKGROUND} not known"


def test_all_rows_are_drawn_for_one_reader_at_a_time(tmp_path, now, monkeypatch):
    """A second page meanwhile gets its first rows drawn; so does one that takes too long."""
    fleet(tmp_path, now, 3)
    monkeypatch.setattr(first_paint, "FIRST_ROWS", 1)
    # However long a busy machine takes for what follows.
    monkeypatch.setattr(first_paint, "READING_SECONDS", 60.0)
    monkeypatch.setattr(first_paint, "DRAWING_SECONDS", 60.0)
    browser = client(tmp_path)
    assert len(browser.get("/api/v1/daemons").get_json()["daemons"]) > 2

    def panels_drawn(address: str) -> int:
        return browser.get(address).text.count('<svg class="area"')

    a_row, everything = panels_drawn("/?large=1"), panels_drawn("/?large=1&draw=all")
    assert 0 < a_row < everything
    with first_paint._DRAWS_ALL:
        assert panels_drawn("/?large=1&draw=all") == a_row
    monkeypatch.setattr(first_paint, "READING_SECONDS", -1.0)
    assert panels_drawn("/?large=1&draw=all") == a_row
    monkeypatch.setattr(first_paint, "DRAWING_SECONDS", -1.0)
    assert panels_drawn("/?large=1&draw=all") == 0
