"""Real faults: each makes one service slow while its ``with`` block lasts."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg

from .consumers import Services

TABLE = """
CREATE TABLE IF NOT EXISTS messages (id serial, msg_id text, topic text, body text);
"""
SLOW_INSERT = """
CREATE OR REPLACE FUNCTION slowly() RETURNS trigger AS
$$ BEGIN PERFORM pg_sleep(0.25); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER slow BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION slowly();
"""


@contextmanager
def locked_table(services: Services) -> Iterator[None]:
    """Hold the table's lock in another session."""
    with psycopg.connect(services.dsn) as connection:
        connection.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def slow_insert(services: Services) -> Iterator[None]:
    """Have each insert take a quarter of a second on the server."""
    with psycopg.connect(services.dsn, autocommit=True) as connection:
        connection.execute(SLOW_INSERT)
        yield
        connection.execute("DROP TRIGGER slow ON messages")


@contextmanager
def slow_disk(services: Services) -> Iterator[None]:
    """Put a pipe in the file's place that takes what is written slowly, as a device would."""
    map_file = services.spool / "map"
    map_file.unlink(missing_ok=True)
    os.mkfifo(map_file)
    ended = threading.Event()

    def take() -> None:
        device = os.open(map_file, os.O_RDONLY)
        while not ended.wait(0.1):
            os.read(device, 16384)
        os.close(device)
        map_file.unlink()

    taker = threading.Thread(target=take)
    taker.start()
    yield
    ended.set()
    taker.join()


class _SocketAddress(ctypes.Structure):
    _fields_ = (("family", ctypes.c_ushort), ("port", ctypes.c_ushort),
                ("address", ctypes.c_uint32), ("zero", ctypes.c_char * 8))  # fmt: skip


class _Resolver(ctypes.Structure):
    """glibc's settings of one thread: resolver(3)."""

    _fields_ = (("retrans", ctypes.c_int), ("retry", ctypes.c_int), ("options", ctypes.c_ulong),
                ("count", ctypes.c_int), ("servers", _SocketAddress * 3))  # fmt: skip


#: A name server that never answers; asked by threads that called ``ask_silence``.
_silence = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def ask_silence() -> None:
    """Have the calling thread ask a name server on loopback that never answers."""
    if not _silence.getsockname()[1]:
        _silence.bind(("127.0.0.1", 0))
    library = ctypes.CDLL(None)
    library.__res_init()
    library.__res_state.restype = ctypes.POINTER(_Resolver)
    settings = library.__res_state().contents
    settings.count = 1
    address = int.from_bytes(socket.inet_aton("127.0.0.1"), "little")
    port = socket.htons(_silence.getsockname()[1])
    settings.servers[0] = _SocketAddress(socket.AF_INET, port, address, b"")


@contextmanager
def silent_name_server(services: Services) -> Iterator[None]:
    """Ask for a name that only a server can know."""
    services.host = "mirror.example.org"
    yield
    services.host = "localhost"


class _Answering(BaseHTTPRequestHandler):
    delay = 0.0

    def do_GET(self) -> None:
        """Answer after a while."""
        time.sleep(_Answering.delay)
        with suppress(OSError):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"mail": "ralph@example.org"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(services: Services) -> None:
    """Start an HTTP service that answers at once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    services.url = f"http://127.0.0.1:{server.server_port}"


@contextmanager
def slow_service(services: Services) -> Iterator[None]:
    """Have the HTTP service take half a second for each answer."""
    _Answering.delay = 0.5
    yield
    _Answering.delay = 0.0


@contextmanager
def mutex(services: Services) -> Iterator[None]:
    """Have another thread hold the lock for most of the time."""
    ended = threading.Event()

    def hold() -> None:
        while not ended.is_set():
            with services.lock:
                ended.wait(0.4)
            time.sleep(0.001)

    holder = threading.Thread(target=hold)
    holder.start()
    yield
    ended.set()
    holder.join()


@contextmanager
def regular_expression(services: Services) -> Iterator[None]:
    """Give the consumers' expressions a subject on which they backtrack for long."""
    before, services.subject = services.subject, SUBJECTS[services.subject]
    yield
    services.subject = before


#: Subjects that match at once, and some on which the same expression burns a fifth of a second.
SUBJECTS = {"kernel-61": "a" * 21 + "!", "abc": "ab" * 19 + "!", "xy": "x" * 21}


@contextmanager
def spool(folder: Path, services: Services) -> Iterator[None]:
    """Give the consumers a folder to write to."""
    services.spool = folder
    yield
