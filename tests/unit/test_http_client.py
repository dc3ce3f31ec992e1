"""The one HTTP client: its limit holds for the whole exchange, and its errors are of one class."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from collectd_fedmsg.http_address import Address, is_loopback, proxy_of
from collectd_fedmsg.http_client import exchange
from collectd_fedmsg.http_link import ExchangeError

OK = b"HTTP/1.1 200 OK\r\n"


class Peer:
    """A server on loopback that answers every connection by ``answer(link, request)``."""

    def __init__(self, answer):
        self.answer, self.requests = answer, []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._server.accept()
                threading.Thread(target=self._one, args=(link,), daemon=True).start()

    def _one(self, link):
        with link, contextlib.suppress(OSError):
            read = b""
            while b"\r\n\r\n" not in read:
                read += link.recv(65536)
            self.requests.append(read)
            self.answer(link, read)

    def close(self):
        self._server.close()


@pytest.fixture
def peer():
    peers = []

    def start(answer):
        peers.append(Peer(answer if callable(answer) else lambda link, _: link.sendall(answer)))
        return peers[-1]

    yield start
    for each in peers:
        each.close()


def drip(before, after=b"x"):
    def answer(link, _):
        link.sendall(before)
        while True:
            link.sendall(after)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"", id="status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", id="header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="body until it closes"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", id="chunk"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nX: ", id="interim answer"),
    ],
)
def test_a_peer_that_drips_does_not_stretch_the_limit(peer, before):
    """Each byte comes within the limit; the answer as a whole does not."""
    with pytest.raises(ExchangeError, match=r"no answer within 0\.3 s"):
        exchange(peer(drip(before)).url, timeout=0.3)


def test_interim_answers_without_end_do_not_stretch_the_limit(peer):
    with pytest.raises(ExchangeError):
        exchange(peer(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")).url, timeout=0.3)


def test_a_peer_that_never_reads_does_not_stretch_the_limit():
    """Sending is within the limit too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ExchangeError, match=r"within 0\.3 s"):
            exchange(url, method="POST", body=bytes(32 << 20), timeout=0.3)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\xff\xfe garbage\r\n\r\n", id="no HTTP"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 2x0 OK\r\n\r\n", id="status is no number"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", id="too many headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70000 + b"\r\n\r\n", id="header too long"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\nhalf", id="half a body"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad chunk"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nha", id="half a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2000), id="longer than allowed"),
    ],
)
def test_whatever_comes_is_one_class_of_error(peer, octets):
    with pytest.raises(ExchangeError):
        exchange(peer(octets).url, timeout=60, max_bytes=1000)


def test_an_errors_body_is_cut_and_quoted_clean(peer):
    """An answer goes to logs and terminals: no control character of it does."""
    busy = b"HTTP/1.1 503 No\r\nRetry-After: 7\r\n\r\n\x1b[2Jbusy" + bytes(5000)
    answer = exchange(peer(busy).url, timeout=60, max_bytes=1000)
    assert (answer.status, len(answer.body), answer.headers["retry-after"]) == (503, 1000, "7")
    assert answer.excerpt().startswith("\\x1b[2Jbusy")


def test_no_redirect_is_followed(peer):
    target = peer(b"HTTP/1.1 200 OK\r\n\r\n")
    redirecting = peer(b"HTTP/1.1 302 Found\r\nLocation: " + target.url.encode() + b"/\r\n\r\n")
    assert exchange(redirecting.url, timeout=60).status == 302
    assert not target.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_asked_directly(peer, monkeypatch, host):
    """A proxy of the environment has another loopback."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    server = peer(b"HTTP/1.1 200 OK\r\n\r\nyes")
    assert exchange(server.url.replace("127.0.0.1", host), timeout=60).body == b"yes"


def test_what_is_elsewhere_is_asked_through_the_proxy(peer, monkeypatch):
    proxy = peer(b"HTTP/1.1 200 OK\r\n\r\nvia")
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://anne:s%20c@"))
    monkeypatch.delenv("no_proxy", raising=False)
    assert exchange("http://far.example/x?y=1", timeout=60).body == b"via"
    (request,) = proxy.requests
    assert request.startswith(b"GET http://far.example:80/x?y=1 HTTP/1.1\r\n")
    assert b"Host: far.example\r\n" in request
    assert b"Proxy-Authorization: Basic YW5uZTpzIGM=" in request


def test_tls_goes_through_a_tunnel_of_the_proxy(peer, monkeypatch):
    proxy = peer(b"HTTP/1.1 407 Who are you\r\n\r\n")
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ExchangeError, match="407 to CONNECT"):
        exchange("https://far.example/", timeout=60)
    assert proxy.requests[0].startswith(b"CONNECT far.example:443 HTTP/1.1\r\n")


def test_no_proxy_is_heeded(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", ".example.org")
    assert proxy_of(Address.of("http://a.example.org/")) is None
    assert proxy_of(Address.of("http://a.example.com/")) is not None


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch):
    """getaddrinfo(3) has no limit that could be set: ten seconds and more."""
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60))
    with pytest.raises(ExchangeError, match="resolver does not answer"):
        exchange("http://far.example/", timeout=0.3)
    ended.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999/",
        "http://ho st/",
        "http://",
        "http://[::1",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:x/",
        "http://./",
        "http://a..b/",
        "http://" + "a" * 70 + "/",
        "ftp://a/",
        "",
        "http://a/\u00e4",
        "http://a/\n",
        "127.0.0.1:80",
        "http:///x",
        "http://a/?\u00e4",
    ],
)
def test_a_mistyped_address_is_one_sentence(url):
    with pytest.raises(ValueError, match=r"must|not an address"):
        Address.of(url)
    with pytest.raises(ExchangeError):
        exchange(url, timeout=1)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:/", ("127.0.0.1", 80, "/")),
        ("https://h", ("h", 443, "/")),
        ("http://[::1]:9/a?b=c", ("::1", 9, "/a?b=c")),
        ("http://\u00e4\u00f6.example:9/", ("xn--4ca0b.example", 9, "/")),
    ],
)
def test_address(url, parts):
    address = Address.of(url)
    assert (address.host, address.port, address.target) == parts


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("a.localhost", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("::2", False),
    ],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected
