"""The server as it is run, against strangers: headers, bodies, guesses; and its own addresses."""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app
from werkzeug.security import generate_password_hash

from examples.processes import wait_for

COMMAND = [sys.executable, "-m", "collectd_fedmsg_dashboard.serve"]


class Served:
    """The command over an empty folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "rrd").mkdir()
        (folder / "tmp").mkdir()
        self.temporary = folder / "tmp"
        self.process = subprocess.Popen(
            [*COMMAND, "--data-dir", str(folder / "rrd"), "--port", "0", *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder / "tmp")},
        )
        self.address = self.process.stdout.readline().split()[-1]
        self.port = int(self.address.rstrip("/").rpartition(":")[2])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def status(self, request: bytes) -> bytes:
        """Send octets; return the status line that comes."""
        with self.connect() as link:
            link.sendall(request)
            return link.recv(65536).partition(b"\r\n")[0]

    def get(self, path: str, source: str = "127.0.0.1", **headers: str) -> http.client.HTTPResponse:
        address = ("127.0.0.1", self.port)
        link = http.client.HTTPConnection(*address, timeout=60, source_address=(source, 0))
        link.request("GET", path, headers=headers)
        answer = link.getresponse()
        answer.read()
        return answer


@pytest.fixture
def served(tmp_path):
    (tmp_path / "users").write_text(f"anne:{generate_password_hash('right')}\n")
    server = Served(tmp_path, "--users-file", str(tmp_path / "users"))
    yield server
    server.process.terminate()
    server.process.wait(60)


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nX: " + b" " * 30000 + b'"\r\n\r\n',
        b"GET / HTTP/1.1\r\nX: a" + b" \t" * 15000 + b"\x01\r\n\r\n",
        b"GET a://" + b"1" * 30000 + b" X\r\n\r\n",
    ],
)
def test_what_is_slow_to_parse_is_refused(served, request_head):
    """Before Host, login or route are looked at; others are answered meanwhile."""
    assert served.status(request_head).startswith(b"HTTP/1.0 400")
    assert served.get("/healthz").status == 200


def test_headers_are_bounded(served):
    assert b" 431 " in served.status(b"GET / HTTP/1.1\r\nX: " + b"a" * 70000 + b"\r\n\r\n")


@pytest.mark.parametrize("header", [b"Content-Length: 900000000", b"Transfer-Encoding: chunked"])
def test_a_strangers_body_is_not_kept(served, header):
    """Refused at the bound, by its announced length at once; nothing is written to the disk."""
    chunked = b"chunked" in header
    with served.connect() as link:
        link.sendall(b"POST /api/v1/marks HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n")
        if chunked:
            link.sendall((b"8000\r\n" + bytes(0x8000) + b"\r\n") * 3)
        assert b" 413 " in link.recv(65536).partition(b"\r\n")[0]
    for each in Path(f"/proc/{served.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            assert str(served.temporary) not in str(each.readlink())


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anne:{password}".encode()).decode()


def test_guessers_are_refused_and_readers_are_not(served):
    """After a few wrong passwords 429 at once; who has a known login is answered meanwhile."""
    assert served.get("/help", Authorization=basic("right")).status == 200
    ended, statuses = threading.Event(), []

    def guess() -> None:
        while not ended.is_set():
            statuses.append(served.get("/help", Authorization=basic("wrong")).status)

    threads = [threading.Thread(target=guess, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + 60
        while statuses.count(429) < 20:
            assert time.monotonic() < end
            assert served.get("/help", Authorization=basic("right")).status == 200
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    assert statuses.count(401) <= 10  # each checked one takes 50 ms, those refused none
    retries = (served.get("/help", Authorization=basic("wrong")) for _ in range(10))
    refused = next(answer for answer in retries if answer.status == 429)
    assert int(refused.getheader("Retry-After")) >= 1


def test_a_first_login_during_guesses_from_many_addresses(served):
    """A new address for each guess: a right password gets in at the second try."""
    ended, numbers, statuses = threading.Event(), itertools.count(), []

    def guess(thread: int) -> None:
        while not ended.is_set():
            number = next(numbers)
            source = f"127.{thread}.{number // 250 % 250}.{1 + number % 250}"
            answer = served.get("/help", source, Authorization=basic(f"wrong{number}"))
            statuses.append(answer.status)

    threads = [threading.Thread(target=guess, args=(n,), daemon=True) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    try:
        wait_for("guesses are refused", lambda: statuses.count(429) > 20)
        tries = (
            served.get("/help", "127.200.0.1", Authorization=basic("right")).status
            for _ in range(5)
        )
        assert 200 in tries
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)


TOKEN = "schl\u00fcssel \u2713 of sixteen"


def test_a_token_of_any_character_and_guesses_at_it(tmp_path):
    """As UTF-8, percent-encoded; wrong ones soon get 429, also with the right one after them."""
    client = create_app({"data_dir": tmp_path, "token": TOKEN}).test_client()
    forms = [TOKEN.encode().decode("latin-1"), "schl%C3%BCssel%20%E2%9C%93%20of%20sixteen"]
    for form in forms:
        created = client.post("/api/v1/marks", json={"text": "x"}, headers={"X-Token": form})
        assert created.status_code == 201
    statuses = [
        client.post(
            "/api/v1/marks", json={"text": "x"}, headers={"X-Token": f"wrong {n}"}
        ).status_code
        for n in range(20)
    ]
    assert statuses[0] == 401
    assert statuses[-10:] == [429] * 10
    assert client.post("/api/v1/marks", json={"text": "x"}).status_code == 429
    assert client.get("/api/v1/state").status_code == 200


def run(*options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False
    )


def test_an_address_that_cannot_be_had_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        for options in (
            ["--port", port],
            ["--port", "0", "--host", "192.0.2.1"],
            ["--port", "0", "--host", "no.such.invalid"],
        ):
            done = run("--data-dir", str(tmp_path), *options)
            assert done.returncode == 2
            lines = [line for line in done.stderr.splitlines() if "Warning" not in line]
            assert len(lines) == 1
            assert lines[0].startswith("--host, --port: ")


@pytest.mark.parametrize(
    "host",
    [
        "[2001:db8::5]:8087",
        "[2001:db8::5]",
        "[2001:DB8:0:0::5]:80",
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:80",
        "[::1]:9",
    ],
)
def test_its_own_address_is_served_however_it_is_written(tmp_path, host):
    from collectd_fedmsg_dashboard import serve

    options = serve.parser().parse_args(["--data-dir", str(tmp_path), "--host", "2001:db8::5"])
    client = create_app(serve.combined(options)).test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_served_on_ipv6(tmp_path):
    server = Served(tmp_path, "--host", "::1")
    try:
        assert server.address.startswith("http://[::1]:")
        link = http.client.HTTPConnection("::1", server.port, timeout=60)
        link.request("GET", "/healthz")
        assert link.getresponse().status == 200
    finally:
        server.process.terminate()
        server.process.wait(60)


@pytest.mark.parametrize(
    ("proxies", "address", "expected"),
    [
        (["10.0.0.0/8"], "10.1.2.3", 200),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", 200),
        (["10.0.0.0/8"], "11.1.2.3", 403),
        (["2001:DB8::7"], "2001:db8:0::7", 200),
        (["::ffff:10.0.0.1"], "10.0.0.1", 200),
        (["10.0.0.0/8"], "127.0.0.9", 403),
        (["10.0.0.0/8"], "::1", 403),
        (["10.0.0.0/8"], "", 403),
    ],
)
def test_proxies_are_compared_as_numbers(tmp_path, proxies, address, expected):
    client = create_app(
        {"data_dir": tmp_path, "auth_header": "X-User", "proxies": proxies}
    ).test_client()
    answer = client.get("/help", headers={"X-User": "me"}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == expected


def test_topics_count_against_one_total(tmp_path):
    """Three hundred daemons of a hundred topics: refused before anything is read."""
    for number in range(300):
        folder = tmp_path / "h" / f"fedmsg-hub{number}"
        folder.mkdir(parents=True)
        for name in ("C_received", *(f"C_topic-org.x.{topic}" for topic in range(100))):
            (folder / f"derive-{name}.rrd").touch()
    client = create_app({"data_dir": tmp_path}).test_client()
    daemons = "&".join(f"daemon=h/hub{number}/C" for number in range(300))
    address = f"/api/v1/series?metrics=received&span=day&{daemons}"
    assert client.get(address).status_code == 200
    answer = client.get(f"{address}&topics=1")
    assert answer.status_code == 400
    assert "30,300 series" in answer.get_json()["error"]["message"]
    assert client.get(f"{address}&topics=1".replace("&daemon=h/hub1", "&x=")).status_code == 400
