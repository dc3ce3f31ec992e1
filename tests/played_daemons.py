"""Daemons that tests play: real unix sockets, frames as the protocol has them, any answer."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectd_fedmsg.protocol.sockets import Unpacker, pack
from collectd_fedmsg.protocol.wire import MAX_REQUEST

#: Takes a request, returns the frames to send; none: no answer.
Answer = Callable[[bytes], Iterable[bytes]]


def listen(path: Path) -> socket.socket:
    """Return a listening socket at a path."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


class Served:
    """Any number of listening sockets, each with its answer, served by one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, listener: socket.socket, answer: Answer) -> None:
        self._selector.register(listener, selectors.EVENT_READ, (answer, None))

    def turn(self, seconds: float) -> None:
        """Wait for events at most this long and answer them."""
        for key, _ in self._selector.select(seconds):
            peer: Any = key.fileobj
            answer, unpacker = key.data
            if unpacker is None:
                connection, _ = peer.accept()
                data = (answer, Unpacker(MAX_REQUEST))
                self._selector.register(connection, selectors.EVENT_READ, data)
                continue
            try:
                octets = peer.recv(2048)
                unpacker.feed(octets)
                while octets and (frame := unpacker.take()) is not None:
                    for reply in answer(frame):
                        peer.sendall(pack(reply))
            except OSError:
                octets = b""
            if not octets:
                self._selector.unregister(peer)
                peer.close()

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """Answer on a thread meanwhile; close everything after it."""
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                self.turn(0.05)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(60)
            self.close()

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
