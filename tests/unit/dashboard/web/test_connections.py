"""What waitress would be slow at is refused before it is parsed; what browsers send is not."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading

import pytest
from collectd_fedmsg_dashboard.web.connections import (
    MAX_BLANKS,
    MAX_HEADER_BYTES,
    MAX_HEADER_LINES,
    create_server,
    refusal,
)

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


def test_health_checks_have_a_thread_of_their_own():
    """While the only other thread is busy, and others wait for it."""
    ended = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        if environ["PATH_INFO"] != "/healthz":
            ended.wait(60)
        return [b"ok"]

    server = create_server(app, "127.0.0.1", 0, threads=1, prefix="/queues")
    threading.Thread(target=server.run, daemon=True).start()
    links = []

    def asked(path: str) -> http.client.HTTPConnection:
        links.append(http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=30))
        links[-1].request("GET", path)
        return links[-1]

    try:
        busy = [asked("/"), asked("/queues/")]
        for path in ("/healthz", "/queues/healthz"):
            assert asked(path).getresponse().read() == b"ok"
        ended.set()
        assert [link.getresponse().read() for link in busy] == [b"ok", b"ok"]
    finally:
        ended.set()
        for link in links:
            link.close()
        server.close()
