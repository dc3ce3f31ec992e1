"""EDGE waitress: connections that cannot take a thread or a place for as long as they like.

waitress lets a thread wait for a client that does not read, and reads any number of requests
ahead; a handful of such clients would stop everybody else. Here an answer that nobody reads
waits in a buffer until the channel's timeout, and each connection has one request at a time.
"""

from __future__ import annotations

import contextlib
import resource
import time
from typing import Any

import waitress
from waitress.channel import HTTPChannel

#: Connections at once; the rest waits in the kernel.
MOST = 4000
#: Seconds without a byte, either way, until a connection is closed.
IDLE = 10
#: Seconds that a request may take to arrive, however steadily it drips.
LONGEST_REQUEST = 30.0


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress comes untyped
    """One connection."""

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
        if self.request is not None and time.monotonic() - self._began > LONGEST_REQUEST:
            self.will_close = True
        return bool(taken)

    def service(self) -> None:
        """Answer the request; a client that sent more of them asks again elsewhere (RFC 9112)."""
        super().service()
        if self._ahead and not self.requests:
            self.close_when_flushed = True
            if self.connected:
                self.server.pull_trigger()

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Let no thread wait for a reader: an answer is bounded, so its buffer is."""


def create_server(app: Any, host: str, port: int, threads: int, prefix: str = "") -> Any:
    """Return waitress' server of an application, listening.

    ``prefix`` is put before each address that the application makes, and taken off those asked
    for, where the proxy has not done so.

    Raises:
        OSError: the address cannot be had.
    """
    listening: dict[int, Any] = {}
    server = waitress.create_server(
        app, map=listening, host=host, port=port, threads=threads, ident="", url_prefix=prefix,
        connection_limit=MOST, channel_timeout=IDLE, cleanup_interval=5,
        # select(2) ends at 1,024 files.
        asyncore_use_poll=True,
    )  # fmt: skip
    for one in listening.values():
        if hasattr(one, "channel_class"):
            one.channel_class = Channel
    return server


def raise_file_limit() -> None:
    """Let this process have as many connections as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
