"""The store behind PromQL on a real Prometheus: the same counts, gaps and names as with RRD."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.store.base import Selector
from collectd_fedmsg_dashboard.store.promql import Server, selector

from collectd_fedmsg import cli
from collectd_fedmsg.errors import StoreError
from examples.processes import free_port

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
STEP = 10
needs_prometheus = pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="no Prometheus here")


def exposition(end: int) -> tuple[str, int]:
    """Return OpenMetrics of 30 minutes as write_prometheus names it, and messages received.

    Five minutes are missing, and the daemon restarted five minutes before the end.
    """
    derive, queue, load = [], [], []
    total = since = 0
    for index, t in enumerate(range(end - 1800, end + 1, STEP)):
        since += 30 + index % 7
        total += 30 + index % 7 if index else 0
        if t == end - 300:
            since = 5
        if end - 1200 < t < end - 900:
            continue
        labels = 'fedmsg="hub",instance="h.example.org"'
        derive += [
            f'collectd_fedmsg_derive_total{{{labels},type="A~20b_{name}"}} {since} {t}'
            for name in ("received", "processed")
        ]
        queue.append(
            f'collectd_fedmsg_queue_length{{{labels},type="A~20b_backlog"}} '
            f"{500 if t == end - 1500 else 2} {t}"
        )
        load.append(f'collectd_load_shortterm{{load="x",instance="db01"}} 0.5 {t}')
    derive.sort(key=lambda line: line.split("}")[0])
    lines = [
        "# TYPE collectd_fedmsg_derive counter",
        *derive,
        "# TYPE collectd_fedmsg_queue_length gauge",
        *queue,
        "# TYPE collectd_load_shortterm gauge",
        *load,
        "# EOF",
    ]
    return "\n".join(lines) + "\n", total


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run a Prometheus over half an hour of the past; yields (address, end)."""
    folder = tmp_path_factory.mktemp("prometheus")
    end = int(time.time()) // STEP * STEP
    (folder / "metrics").write_text(exposition(end)[0])
    subprocess.run(
        [
            PROMTOOL,
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            folder / "metrics",
            folder / "tsdb",
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{address}/-/ready", timeout=60):
                break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)
    yield address, end
    process.terminate()
    process.wait(60)


@pytest.fixture
def browser(server, tmp_path):
    tied = [
        {"daemon": "h.example.org", "series": "db01/load-x/load#shortterm", "title": "Load"},
        {"daemon": "h.example.org", "series": "db01/load/load-x", "title": "By type"},
    ]
    return create_app({"data_dir": tmp_path, "prometheus": server[0], "tied": tied}).test_client()


ID = "h.example.org/hub/A~20b"


def series(browser, start, end, **more):
    answer = browser.get(
        "/api/v1/series", query_string={"daemon": ID, "start": start, "end": end, **more}
    )
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


@needs_prometheus
def test_counts_gaps_and_spikes(server, browser):
    """Counts sum up exactly, an outage is unknown, a restart is no spike, a peak is not hidden."""
    _, end = server
    body = series(browser, end - 1800, end, restarts=1, step=10)
    (daemon,) = body["daemons"]
    received, backlog = daemon["series"]["received"], daemon["series"]["backlog"]
    assert body["step"] == STEP
    assert len(received) == 180
    known = [value for value in received if value is not None]
    assert round(sum(known[:59]) * STEP) == sum(30 + i % 7 for i in range(1, 60))
    assert max(known) <= 3.6
    assert received[65:88] == backlog[65:88] == [None] * 23
    assert max(value for value in backlog if value is not None) == 500
    assert daemon["restarts"] == [end - 300]


@needs_prometheus
def test_daemons_have_their_names_and_tied_series(server, browser):
    """A name escaped on the way is itself again; a tied series is found by its labels."""
    _, end = server
    rows = browser.get("/api/v1/daemons").get_json()["daemons"]
    assert [(r["host"], r["service"], r["consumer"]) for r in rows] == [
        ("h.example.org", "hub", "A b")
    ]
    tied = series(browser, end - 600, end, tied=1, metrics="backlog")["daemons"][0]["tied"]
    assert {value for value in tied["Load"] if value is not None} == {0.5}
    # What is older than three steps is left out, and a busy machine takes long to get here.
    patient = create_app({"prometheus": server[0], "interval": 600}).test_client()
    assert patient.get("/metrics").text.count('consumer="A b"') >= 3


@needs_prometheus
def test_commands_judge_it_too(server, capsys):
    """The restart five minutes before is named, with what waited then; half an hour is no week."""
    address, end = server
    cli.main(
        ["diagnose", "--prometheus", address, "--interval", str(STEP), "--at", str(end), "--json"]
    )
    (daemon,) = json.loads(capsys.readouterr().out)["daemons"]
    assert daemon["consumer"] == "A b"
    restart = {finding["verdict"]: finding for finding in daemon["findings"]}["RESTART"]
    assert "2 messages lost" in restart["evidence"][0]
    assert "a baseline" in daemon["missing"]


@needs_prometheus
def test_a_day_is_coarse(server, browser):
    """A long span is asked for in long steps and bounded."""
    _, end = server
    body = series(browser, end - 86400, end)
    assert body["step"] >= 60
    points = body["daemons"][0]["series"]["received"]
    assert len(points) <= 1500
    assert any(points)


def test_a_server_that_is_away_is_503(tmp_path):
    """No server: 503 with a reason, no empty fleet."""
    app = create_app({"data_dir": tmp_path, "prometheus": "http://127.0.0.1:9"})
    assert app.test_client().get("/api/v1/daemons").status_code == 503


def test_names_are_data_in_promql():
    """A label's value leaves its quotes in no way."""
    hostile = Selector("m", (("type", 'a"} or up{x="\\\n'),))
    assert selector(hostile) == '{__name__="m",type="a\\"} or up{x=\\"\\\\\\n"}'


@needs_prometheus
def test_steps_that_no_sample_has_reached_are_unknown(server):
    """Neither at the end nor in a gap does a total rest or a gauge repeat: that would be 0/s."""
    address, end = server
    app = create_app({"prometheus": address, "interval": STEP}).test_client()
    for begin, past in ((end, end + 100), (end - 1190, end - 910)):
        (daemon,) = app.get(
            f"/api/v1/series?daemon=h.example.org/hub/A~20b&start={begin}&end={past}"
        ).get_json()["daemons"]
        for name, points in daemon["series"].items():
            assert points == [None] * len(points), (name, begin)


class Answering:
    """A server on loopback that answers each question with the same octets."""

    def __init__(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.heads: list[bytes] = []
        self._answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._server.accept()
                with link:
                    self.heads.append(link.recv(65536))
                    link.sendall(self._answer)

    def close(self) -> None:
        self._server.close()


WHOLE = '"status": "success", "data": {"result": []}'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f'{{{WHOLE}, "warnings": ["store gw2 is away"]}}', id="Thanos"),
        pytest.param(f'{{{WHOLE}, "isPartial": true}}', id="VictoriaMetrics"),
        pytest.param('{"status": "error", "error": "expanding series", "data": {}}', id="error"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing"),
        pytest.param("5", id="5"),
        pytest.param(
            '{"status": "success", "data": {"result": [{"metric": {}, "value": [1]}]}}',
            id="half a sample",
        ),
        pytest.param(
            '{"status": "success", "data": {"result": [{"metric": {}, "value": [1, "x"]}]}}',
            id="no number",
        ),
        pytest.param("[" * 100000, id="deep"),
        pytest.param('{"status":', id="half"),
    ],
)
def test_a_partial_or_odd_answer_is_none(body):
    """An incomplete or malformed answer is an error; nothing is taken from it."""
    answering = Answering(body.encode())
    try:
        with pytest.raises(StoreError):
            Server(answering.address).query("up")
        health = create_app({"prometheus": answering.address}).test_client().get("/healthz")
        assert health.status_code == 503
    finally:
        answering.close()


def test_a_remark_about_the_query_is_no_loss():
    answering = Answering(f'{{{WHOLE}, "warnings": ["PromQL info: no counter"]}}'.encode())
    assert Server(answering.address).query("up") == {}
    answering.close()


def test_its_token_is_shown(tmp_path):
    """From a file that only its owner may read."""
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "token").chmod(0o600)
    answering = Answering(b'{"status": "success", "data": []}')
    create_app(
        {"prometheus": answering.address, "prometheus_token_file": tmp_path / "token"}
    ).test_client().get("/healthz")
    assert b"Authorization: Bearer secret\r\n" in answering.heads[0]
    answering.close()
