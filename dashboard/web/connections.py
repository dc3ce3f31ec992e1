"""waitress with bounds: no connection or request can exhaust threads, disk or processor.

waitress lets a thread wait for a client that does not read, and reads any number of requests
ahead; a handful of such clients would stop everybody else. Here an answer that nobody reads
waits in a buffer until the channel's timeout, and each connection has one request at a time.
Answers that take long are made in turns (``turns``), and for nobody who is gone.

Its expressions for a request line and a header take the cube and the square of what a stranger
sends ("GET a://111…" of 16 kB: 50 s; 30,000 blanks: 5 s): what they are slow at is refused first.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

from .. import json_bytes as as_json
from .turns import Turns, is_quick

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
#: Seconds after which a client that was refused may ask again: Retry-After.
RETRY_SECONDS = 2
#: Bytes of answers that may wait for their readers: all that an answer can have.
MAX_WAITING_BYTES = 1 << 40
_REQUEST_LINE = re.compile(rb"[A-Z]{1,16} (/[^ ?#]*)(?:[?#][^ ]*)?(?: HTTP/1\.[01])?")
#: waitress reads the number with int(), which refuses 4,300 digits with an exception.
_ENDLESS_NUMBER = re.compile(rb"[0-9]{20}")
_FOLDED = re.compile(rb"\n[ \t]")
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
    if _FOLDED.search(header):
        return "a header over several lines"  # RFC 9112 lets a server refuse it
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


class BusyError(Error):  # type: ignore[misc]
    """503: the threads for long answers, or the client's share of them, are taken."""

    code, reason = 503, "Service Unavailable"

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return the status, headers and body: JSON as the API's errors are."""
        message = f"too many long answers are asked for; ask again in {RETRY_SECONDS} s"
        headers = [
            ("Content-Type", "application/json"),
            ("Retry-After", str(RETRY_SECONDS)),
            ("Cache-Control", "no-store"),
            # A browser asks for a page again by itself; scripts do not heed it.
            ("Refresh", str(RETRY_SECONDS)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        body = as_json.dumps({"error": {"status": self.code, "message": message}})
        return f"{self.code} {self.reason}", headers, body


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress comes untyped
    """One connection, with one request at a time."""

    parser_class = Request
    #: See ``turns.Task``.
    waits_since, client = 0.0, ""
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

    def is_gone(self) -> bool:
        """Return whether the client has closed its side, whatever it has sent before that."""
        number = self.socket.fileno()
        if number < 0:
            return True
        poll = select.poll()
        poll.register(number, select.POLLRDHUP)
        return bool(poll.poll(0))

    def refuse(self) -> None:
        """Answer 503 instead of what was asked for."""
        self.client = ""
        self.requests[0].error = BusyError("")

    def service(self) -> None:
        """Answer the request; a client that sent more of them asks again elsewhere (RFC 9112).

        No long answer is made for a client that is gone.
        """
        client = self.client
        if client and self.is_gone():
            self.refuse()
        try:
            super().service()
        finally:
            if client:
                self.server.task_dispatcher.ended(client)
        if self._ahead and not self.requests:
            self.close_when_flushed = True
            if self.connected:
                self.server.pull_trigger()


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads that answer in turns, and one more that answers health checks alone.

    So a load balancer is answered while all others are busy.

    Args:
        threads: that answer.
        prefix: before each path.
        client: who asks, of the peer's address and a request's headers, as waitress names them.
    """

    def __init__(
        self, threads: int, prefix: str, client: Callable[[str, Mapping[str, str]], str]
    ) -> None:
        super().__init__()
        self._prefix, self._client = prefix, client
        self._paths = {"/healthz", f"{prefix}/healthz"}
        self._health = ThreadedTaskDispatcher()
        self._health.set_thread_count(1)
        self.queue = Turns(threads)
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Give a connection with a whole request to a thread, or let it wait for its turn."""
        asked = task.requests[0]
        path = getattr(asked, "path", "")
        task.client = ""
        if path in self._paths:
            self._health.add_task(task)
            return
        if not asked.error and not is_quick(asked.command, path, self._prefix):
            task.client = self._client(task.addr[0], asked.headers)
        super().add_task(task)

    def ended(self, client: str) -> None:
        """Give a client's slot back, to whoever waits for one."""
        with self.lock:
            self.queue.ended(client)
            self.queue_cv.notify()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads."""
        self._health.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


def create_server(
    app: Any,
    host: str,
    port: int,
    threads: int,
    prefix: str = "",
    *,
    client: Callable[[str, Mapping[str, str]], str] = lambda peer, headers: peer,
) -> Any:
    """Return waitress' server of an application, listening.

    ``prefix`` is put before each address that the application makes, and taken off those asked
    for, where the proxy has not done so. ``client`` names who asks (see ``Dispatcher``).

    Raises:
        OSError: the address cannot be had.
    """
    listening: dict[int, Any] = {}
    server = waitress.create_server(
        app, map=listening, host=host, port=port, ident="", url_prefix=prefix,
        _dispatcher=Dispatcher(threads, prefix, client),
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
