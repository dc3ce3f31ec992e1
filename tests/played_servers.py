"""Servers that tests play: real sockets, one thread each, any bytes as answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Talks to one client; its end, or the client's, closes the connection.
Talk = Callable[[socket.socket], None]


@contextmanager
def played(talk: Talk, path: Path | None = None) -> Iterator[int]:
    """Serve clients one after another, on a unix socket or a free port, which is yielded."""
    if path is None:
        listener = socket.create_server(("127.0.0.1", 0))
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
    listener.settimeout(0.05)
    ended, clients = threading.Event(), list[socket.socket]()

    def serve() -> None:
        while not ended.is_set():
            with suppress(OSError):
                client, _ = listener.accept()
                client.settimeout(10)
                clients[:] = [client]
                with client:
                    talk(client)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield 0 if path is not None else listener.getsockname()[1]
    finally:
        ended.set()
        for client in clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def by_line(answer: Callable[[bytes], bytes], greeting: bytes = b"") -> Talk:
    """Return what answers each line that comes."""

    def talk(client: socket.socket) -> None:
        client.sendall(greeting)
        for line in client.makefile("rb"):
            client.sendall(answer(line))

    return talk


def without_end(octets: bytes) -> Talk:
    """Return what sends the same for ever."""

    def talk(client: socket.socket) -> None:
        while True:
            client.sendall(octets)

    return talk
