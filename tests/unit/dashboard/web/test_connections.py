"""What waitress would be slow at is refused before it is parsed; what browsers send is not."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading

import pytest
from collectd_fedmsg_dashboard import serve
from collectd_fedmsg_dashboard.config import Settings
from collectd_fedmsg_dashboard.web import turns
from collectd_fedmsg_dashboard.web.connections import (
    MAX_BLANKS,
    MAX_HEADER_BYTES,
    MAX_HEADER_LINES,
    create_server,
    refusal,
)
from collectd_fedmsg_dashboard.web.turns import MAX_WAITING_OF_CLIENT

LINE = b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"GET a://" + b"1" * 16000 + b" X\r\n\r\n", id="port that is none"),
        pytest.param(b"GET /a://" + b"1" * 16000 + b" X\r\n\r\n", id="the same in a path"),
        pytest.param(b"GET http://h:1/ HTTP/1.1\r\n\r\n", id="a whole address"),
        pytest.param(b"CONNECT h:1 HTTP/1.1\r\n\r\n", id="a tunnel"),
        pytest.param(b"get / HTTP/1.1\r\n\r\n", id="lower case"),
        pytest.param(b"GET / HTTP/3.0\r\n\r\n", id="another version"),
        pytest.param(b"GET  / HTTP/1.1\r\n\r\n", id="two blanks"),
        pytest.param(LINE + b"X:" + b" " * 33 + b"a\r\n\r\n", id="blanks before"),
        pytest.param(LINE + b"X: a" + b"\t" * 33 + b"\r\n\r\n", id="tabs after"),
        pytest.param(LINE + b"X: a\r\n" * 102 + b"\r\n", id="many lines"),
    ],
)
def test_refused(header):
    assert refusal(header)


@pytest.mark.parametrize(
    "header",
    [
        LINE + b"Host: localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n",
        b"GET /api/v1/series?daemon=h%2Fhub%2FC&next=http://a/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /api/v1/marks HTTP/1.0\r\nX-Token: a  b\r\n\r\n",
        b"GET /daemon/h/hub/a:b HTTP/1.1\r\n\r\n",
        LINE + b"X: " + b"a " * (MAX_BLANKS * 100) + b"\r\n\r\n",
        LINE + b"X: a\r\n" * (MAX_HEADER_LINES - 1) + b"\r\n",
    ],
)
def test_taken(header):
    assert refusal(header) == ""


WORST = """
import sys, time
from waitress.adjustments import Adjustments
from collectd_fedmsg_dashboard.web.connections import Request, MAX_HEADER_BYTES as N
line = b"GET / HTTP/1.1\\r\\n"
tries = [line + b"X: " + (b"a" + b" " * run) * (N // (run + 1)) + tail
         for run in (1, 8, 32) for tail in (b"\\x01\\r\\n\\r\\n", b'"\\x00\\r\\n\\r\\n')]
tries += [line + b"X:" + (b"\\r\\n" + b" " * 32 + b'"') * 99 + b"\\x01\\r\\n\\r\\n",
          line + b"X:" + b" " * N + b'"\\r\\n\\r\\n', b"GET a://" + b"1" * N + b" X\\r\\n\\r\\n",
          b"GET /" + b"a" * N + b" X\\r\\n\\r\\n", line + b"A" * N + b" : x\\r\\n\\r\\n",
          b"GET /a:" + b"/1" * (N // 2) + b" X\\r\\n\\r\\n", b"A" * N + b" / X\\r\\n\\r\\n",
          line + b"X: " + b"a" * N + b"\\x01\\r\\n\\r\\n",
          b"GET /?" + b"://1" * (N // 4) + b" X\\r\\n\\r\\n"]
for header in tries:
    request = Request(Adjustments())
    request.received(header)
print(time.process_time())
"""


def test_the_worst_of_the_largest_headers_take_no_minute():
    """By the expressions alone one of these took minutes, of hours."""
    done = subprocess.run(
        [sys.executable, "-c", WORST], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert MAX_HEADER_BYTES == 65536


class Busy:
    """A server whose long answers wait for ``let_go``; each request is kept by its address."""

    def __init__(self, threads: int, prefix: str = "") -> None:
        self.let_go, self.began, self.paths = threading.Event(), threading.Semaphore(0), []
        self.links: list[http.client.HTTPConnection] = []
        self.server = create_server(self.answer, "127.0.0.1", 0, threads, prefix)
        threading.Thread(target=self.server.run, daemon=True).start()

    def answer(self, environ, start_response):
        path = environ["PATH_INFO"] + "?" + environ["QUERY_STRING"]
        self.paths.append(path)
        if "series" in path:
            self.began.release()
            self.let_go.wait(60)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def ask(self, path: str, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        link = http.client.HTTPConnection(
            "127.0.0.1", self.server.effective_port, timeout=60, source_address=(source, 0)
        )
        self.links.append(link)
        link.request("GET", path)
        return link

    def has_begun(self) -> bool:
        return self.began.acquire(timeout=60)

    def close(self) -> None:
        self.let_go.set()
        for link in self.links:
            link.close()
        self.server.close()


@pytest.fixture
def busy(request, monkeypatch):
    monkeypatch.setattr(turns, "MAX_WAIT_SECONDS", 1e9)
    server = Busy(*getattr(request, "param", (4,)))
    yield server
    server.close()


@pytest.mark.parametrize("busy", [(1, "/queues")], indirect=True)
def test_health_checks_have_a_thread_of_their_own(busy):
    """While the only other thread is busy, and others wait for it."""
    long = [busy.ask("/series"), busy.ask("/queues/series")]
    for path in ("/healthz", "/queues/healthz"):
        assert busy.ask(path).getresponse().read() == b"ok"
    busy.let_go.set()
    assert [link.getresponse().read() for link in long] == [b"ok", b"ok"]


def test_a_client_of_long_answers_delays_no_other(busy):
    """Its own share is one thread; its excess is refused at once; quick answers do not wait."""
    long = [busy.ask("/api/v1/series?mine")]
    assert busy.has_begun()
    long += [busy.ask("/api/v1/series?mine") for _ in range(MAX_WAITING_OF_CLIENT)]
    excess = busy.ask("/api/v1/series?mine")
    for path in ("/healthz", "/help", "/api/v1/daemons"):
        assert busy.ask(path).getresponse().read() == b"ok"
    other_client = busy.ask("/api/v1/series?other", "127.0.0.2")
    assert busy.has_begun()
    assert busy.paths.count("/api/v1/series?mine") == 1
    busy.let_go.set()
    answers = [link.getresponse() for link in (*long, excess, other_client)]
    bodies = [answer.read() for answer in answers]
    refused = [i for i, answer in enumerate(answers) if answer.status == 503]
    assert refused, "all were answered"
    for i in refused:
        assert int(answers[i].headers["Retry-After"]) > 0
        assert json.loads(bodies[i])["error"]["status"] == 503
    assert {answer.status for answer in answers} == {200, 503}
    assert answers[-1].status == 200
    assert busy.paths.count("/api/v1/series?mine") == len(long) + 1 - len(refused)


def test_no_long_answer_is_made_for_who_is_gone(busy):
    """Also when something was sent after the request, which hides the end of the stream."""
    first = busy.ask("/api/v1/series?first")
    assert busy.has_begun()
    for i in range(8):
        link = busy.ask("/api/v1/series?gone")
        if i % 2:
            link.sock.sendall(b"G")
        link.close()
    last = busy.ask("/api/v1/series?last")
    busy.let_go.set()
    assert [link.getresponse().read() for link in (first, last)] == [b"ok", b"ok"]
    assert busy.paths.count("/api/v1/series?gone") == 0
    assert busy.paths.count("/api/v1/series?last") == 1


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("198.51.100.7", {"X_FORWARDED_FOR": "203.0.113.9"}, "198.51.100.7"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "192.0.2.4, 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("2001:db8::1", {}, "2001:db8::/64"),
        ("::ffff:10.0.0.1", {"X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.8.9.1", {}, "127.0.0.0/8"),
    ],
)
def test_whose_share_it_is(tmp_path, peer, headers, client):
    """Behind a configured proxy the one that it was asked by; of others no header is believed."""
    settings = Settings.of({"data_dir": str(tmp_path), "proxies": ["10.0.0.1"]})
    assert serve._client_of(settings)(peer, headers) == client
