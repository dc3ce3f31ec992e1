"""waitress with bounds: no connection or request can exhaust threads, disk or processor.

waitress lets a thread wait for a client that does not read, and reads any number of requests
ahead; a handful of such clients would stop everybody else. Here an answer that nobody reads
waits in a buffer until the channel's timeout, and each connection has one request at a time.

Its expressions for a request line and a header take the cube and the square of what a stranger
sends ("GET a://111…" of 16 kB: 50 s; 30,000 blanks: 5 s): what they are slow at is refused first.
"""

from __future__ import annotations

import re
import time
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ThreadedTaskDispatcher

#: Connections at once; the rest waits in the kernel.
MAX_CONNECTIONS = 4000
#: Seconds without a byte, either way, until a connection is closed.
IDLE_SECONDS = 10
#: Seconds that a request may take to arrive, however steadily it drips.
MAX_REQUEST_SECONDS = 30.0
#: Bytes of a request's line and headers: a page asks for the series of many daemons in one line.
MAX_HEADER_BYTES = 64 * 1024
#: Lines of a header, and blanks in a row: one of each takes a step of the parser's.
MAX_HEADER_LINES, MAX_BLANKS = 100, 32
#: Bytes of a request's body, the application's own bound, kept before a login is asked for.
MAX_BODY_BYTES = 64 * 1024
#: Bytes of answers that may wait for their readers: all that an answer can have.
MAX_WAITING_BYTES = 1 << 40
_REQUEST_LINE = re.compile(rb"[A-Z]{1,16} (/[^ ?#]*)(?:[?#][^ ]*)?(?: HTTP/1\.[01])?")
#: waitress reads the number with int(), which refuses 4,300 digits with an exception.
_ENDLESS_NUMBER = re.compile(rb"[0-9]{20}")
_BLANKS = re.compile(rb"[ \t]{%d}" % (MAX_BLANKS + 1))


def refusal(header: bytes) -> str:
    """Return why a request's line and headers are not parsed at all; empty when they are."""
    line = header.partition(b"\r\n")[0]
    known = _REQUEST_LINE.fullmatch(line)
    # "://" within a path makes waitress look for a port from each of its characters.
    if known is None or b"://" in known[1]:
        return "the request line is none of HTTP/1.1 with a path"
    if header.count(b"\n") > MAX_HEADER_LINES + 1:
        return f"more than {MAX_HEADER_LINES} header lines"
    if any(
        _ENDLESS_NUMBER.search(line)
        for line in header.split(b"\n")
        if line[:15].lower() == b"content-length:"
    ):
        return "a Content-Length of more than 19 digits"
    return f"more than {MAX_BLANKS} blanks in a row" if _BLANKS.search(header) else ""


class Request(HTTPRequestParser):  # type: ignore[misc]
    """One request, parsed within bounds."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse what can be parsed in a bounded time."""
        reason = refusal(header_plus)
        if reason:
            raise ParsingError(reason)
        super().parse_header(header_plus)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress comes untyped
    """One connection, with one request at a time."""

    parser_class = Request
    _began = 0.0
    _ahead = False

    def received(self, data: bytes) -> bool:
        """Take what came; requests beyond the first are not read, and the connection ends."""
        if self.request is None:
            self._began = time.monotonic()
        taken = super().received(data)
        with self.requests_lock:
            if len(self.requests) > 1:
                del self.requests[1:]
                self._ahead = True
        if self.request is not None and time.monotonic() - self._began > MAX_REQUEST_SECONDS:
            self.will_close = True
        return bool(taken)

    def service(self) -> None:
        """Answer the request; a client that sent more of them asks again elsewhere (RFC 9112)."""
        super().service()
        if self._ahead and not self.requests:
            self.close_when_flushed = True
            if self.connected:
                self.server.pull_trigger()


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads that answer, and one more that answers health checks alone.

    So a load balancer is answered while all others are busy.
    """

    def __init__(self, threads: int, prefix: str) -> None:
        super().__init__()
        self._paths = {"/healthz", f"{prefix}/healthz"}
        self._health = ThreadedTaskDispatcher()
        self._health.set_thread_count(1)
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Give a connection with a whole request to a thread."""
        path = getattr(task.requests[0], "path", "")
        if path in self._paths:
            self._health.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads."""
        self._health.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


def create_server(app: Any, host: str, port: int, threads: int, prefix: str = "") -> Any:
    """Return waitress' server of an application, listening.

    ``prefix`` is put before each address that the application makes, and taken off those asked
    for, where the proxy has not done so.

    Raises:
        OSError: the address cannot be had.
    """
    listening: dict[int, Any] = {}
    server = waitress.create_server(
        app, map=listening, host=host, port=port, ident="", url_prefix=prefix,
        _dispatcher=Dispatcher(threads, prefix),
        connection_limit=MAX_CONNECTIONS, channel_timeout=IDLE_SECONDS, cleanup_interval=5,
        max_request_header_size=MAX_HEADER_BYTES, max_request_body_size=MAX_BODY_BYTES,
        # No thread waits for a reader: an answer is bounded, so its buffer is.
        outbuf_high_watermark=MAX_WAITING_BYTES,
        # The client's address comes from the proxy's header, but only from a known proxy.
        clear_untrusted_proxy_headers=False,
        # select(2) ends at 1,024 files.
        asyncore_use_poll=True,
    )  # fmt: skip
    for listener in listening.values():
        if hasattr(listener, "channel_class"):
            listener.channel_class = Channel
    return server
