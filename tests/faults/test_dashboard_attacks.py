"""What a visitor of the dashboard may try: names and paths, slow connections, odd requests."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg.files import raise_file_limit
from tests.conftest import Figure
from tests.integration.test_store_rrd import HOST, STEP, fleet

DAEMON = f"{HOST}/hub/Consumer0"
SECRET = "the secret of another folder"
PATHS = (
    "../secret", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "....//....//secret",
    "%2e%2e/secret", "..\\secret", "\0", "-", "-n.rrd", "--daemon", "file:///etc/passwd",
    "~root", ".", "a" * 5000, "DEF:x=/etc/passwd:value:AVERAGE", "x:COMMENT:y", "\u202e", "'\"<b>",
    "{{7*7}}", "${7*7}", "\r\nSet-Cookie: x=1", "%0d%0aSet-Cookie:%20x=1",
)  # fmt: skip
PARAMETERS = {
    "/api/v1/series": ("daemon", "metrics", "start", "end", "span", "step", "topics", "tied"),
    "/api/v1/series.csv": ("daemon", "metrics", "start", "end", "span", "step"),
    "/api/v1/daemons": ("limit", "offset", "host", "service", "consumer", "state"),
    "/api/v1/marks": ("daemon", "start", "end", "span"),
    "/panel.png": ("daemon", "metric", "span", "start", "end", "width", "height"),
    "/": ("span", "start", "end", "sort", "columns"),
    f"/daemon/{DAEMON}": ("span", "start", "end", "mode"),
}
SPANS = (
    "-1", "0", "99999999999", "-99999999999y", "1e9", "NaN", "inf", "9" * 400, "-999999999y", "now",
    "-0", "+5", "٣", "1_0", "0x10", "-1.5h",
)  # fmt: skip


@pytest.fixture
def browser(tmp_path: Path):
    (tmp_path / "secret").write_text(SECRET)
    fleet(tmp_path / "rrd", int(time.time()) // STEP * STEP)
    return create_app({"data_dir": tmp_path / "rrd", "token": "t" * 16}).test_client()


def refused_or_harmless(answer) -> None:
    body = answer.data
    assert answer.status_code in (200, 304, 400, 401, 404, 405), body[:200]
    assert not [secret for secret in (SECRET.encode(), b"root:x:", b"Traceback") if secret in body]
    assert "Set-Cookie" not in answer.headers


def test_every_parameter_takes_anything(browser, figure: Figure) -> None:
    """Paths, options, injections and giant spans in each: refused or harmless, never a 5xx."""
    tried = 0
    for path, names in PARAMETERS.items():
        for name in names:
            for value in (*PATHS, *SPANS):
                query = {"daemon": DAEMON, "metrics": "backlog", "metric": "backlog", name: value}
                refused_or_harmless(browser.get(path, query_string=query))
                tried += 1
    for value in PATHS:
        for path in (f"/daemon/{value}", f"/static/{value}/{value}", f"/api/v1/marks/{value}",
                     f"/daemon/{HOST}/hub/{value}/panel.png", f"/{value}"):  # fmt: skip
            answer = browser.get(path) if "marks" not in path else browser.delete(path)
            assert answer.status_code in (400, 401, 404, 405), path
            refused_or_harmless(answer)
            tried += 1
    figure(f"{tried} hostile parameters and paths", "0 answers 5xx, nothing from outside served")


def test_odd_requests(browser) -> None:
    """Hosts, methods, bodies and headers that are not ours: 4xx, and no answer for a cache."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost@evil", "", "a b", "[::1"):
        assert browser.get("/", headers={"Host": host}).status_code == 400, host
    assert browser.get("/", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"):
        answer = browser.open("/api/v1/daemons", method=method)
        assert answer.status_code == 405, method
    override = {"X-HTTP-Method-Override": "DELETE"}
    assert browser.get("/api/v1/state", headers=override).status_code == 200
    token = {"X-Token": "t" * 16}
    form = "application/x-www-form-urlencoded"
    for body in (b"\xff\xfe", b"[" * 60_000, b"text=x", b"", b"x" * 70_000, b"NaN"):
        kind = form if body == b"text=x" else "application/json"
        answer = browser.post("/api/v1/marks", data=body, content_type=kind, headers=token)
        assert answer.status_code in (400, 413), (body[:20], answer.status_code)
    page = browser.get("/")
    for name in ("X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Scheme"):
        poisoned = browser.get("/", headers={name: "evil.example/x"})
        assert "evil.example" not in poisoned.text
        assert "evil.example" not in str(poisoned.headers)
        assert poisoned.status_code == page.status_code


def test_no_shared_cache_keeps_what_one_may_see(browser) -> None:
    """Only static files, named by their hash, may be kept by a proxy; errors never."""
    text = browser.get("/").text
    asset = re.search(r'/static/[^"]+\.css', text).group()
    assert "public" in browser.get(asset).headers["Cache-Control"]
    for path in ("/", "/api/v1/daemons", "/metrics", f"/daemon/{DAEMON}", "/nothing",
                 asset.replace("static/", "static/0"), f"{asset}/x"):  # fmt: skip
        header = browser.get(path).headers["Cache-Control"]
        assert "private" in header, path
        assert "no-cache" in header, path
    varied = browser.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Accept-Encoding" in varied.headers["Vary"]


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "collectd_fedmsg_dashboard.serve", "--data-dir", str(folder),
         "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    try:
        yield "127.0.0.1", int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("kind", ["dripping", "unread"])
def test_500_slow_clients(tmp_path: Path, kind: str, figure: Figure) -> None:
    """Half-sent requests, and megabytes asked for and never read: others are answered."""
    raise_file_limit()
    now = int(time.time()) // STEP * STEP
    fleet(tmp_path, now, 3)
    links = []
    with served(tmp_path) as endpoint:
        address = f"http://{endpoint[0]}:{endpoint[1]}"
        with urllib.request.urlopen(f"{address}/", timeout=60) as answer:
            page = answer.read().decode()
        large = max(set(re.findall(r'/static/[^"]+\.js', page)), key=lambda path: "plotly" in path)
        begun = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
        requests = f"GET {large} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 40
        try:
            for _ in range(500):
                link = socket.create_connection(endpoint, timeout=60)
                links.append(link)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                link.sendall(begun if kind == "dripping" else requests)
            slowest = 0.0
            for path in ("/healthz", "/", "/api/v1/daemons", "/healthz"):
                began = time.monotonic()
                with urllib.request.urlopen(f"{address}{path}", timeout=60) as answer:
                    assert answer.status == 200
                slowest = max(slowest, time.monotonic() - began)
                if kind == "dripping":
                    for link in links[::25]:
                        link.sendall(b"x")
        finally:
            for link in links:
                link.close()
    figure(f"500 {kind} clients of the dashboard", f"others answered, slowest in {slowest:.1f} s")


def test_one_request_at_a_time(tmp_path: Path) -> None:
    """Requests sent ahead are not answered; the first one is, whole, and the connection ends."""
    fleet(tmp_path, int(time.time()) // STEP * STEP)
    with served(tmp_path) as endpoint, socket.create_connection(endpoint, timeout=60) as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 30)
        read = b""
        while part := link.recv(65536):
            read += part
        assert 1 <= read.count(b"HTTP/1.1 200 OK") <= 2
        assert json.loads(read.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1")[0])["ok"] is True
    with served(tmp_path) as endpoint, socket.create_connection(endpoint, timeout=60) as link:
        for _ in range(3):
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read = b""
            while not read.endswith(b"}"):
                part = link.recv(65536)
                assert part, "kept alive when one by one"
                read += part
