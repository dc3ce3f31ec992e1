"""Queues of a broker without its management API: AMQP 0-9-1's passive ``queue.declare``.

Any user may ask so, and gets what is ready and the consumers as they are now; no totals, and not
what is delivered but not acknowledged yet. Speaks no more AMQP than that takes, on one connection
a round. Source: the AMQP 0-9-1 specification, sections 4.2.3 (frames), 1.4 to 1.7 (methods).
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .broker import Broker, BrokerAnswer, BrokerError

METHOD, FRAME_END = 1, 0xCE
MAX_FRAME = 128 << 10
#: Bytes of a short string: a queue's name is one.
MAX_SHORT = 255
CHANNEL = 1
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = (
    (10, 10),
    (10, 11),
    (10, 30),
    (10, 31),
    (10, 40),
    (10, 41),
    (10, 50),
    (10, 51),
)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE, CHANNEL_CLOSE_OK = (
    (20, 10),
    (20, 11),
    (20, 40),
    (20, 41),
)
DECLARE, DECLARE_OK = (50, 10), (50, 11)
PASSIVE = b"\x01"
NOTE = "read by AMQP: backlog (without what is delivered and unacknowledged) and consumers only"
#: ``{"capabilities": {"authentication_failure_close": true}}``: a wrong password gets an answer.
_CAPABLE = b"\x1cauthentication_failure_closet\x01"
_PROPERTIES = b"\x0ccapabilitiesF" + struct.pack(">I", len(_CAPABLE)) + _CAPABLE


def read(broker: Broker, timeout: float) -> BrokerAnswer:
    """Return the named queues of each vhost, within ``timeout`` seconds in all.

    Raises:
        BrokerError: it cannot be read.  OSError: it does not answer.
    """
    end = time.monotonic() + timeout
    if any(set(name) & set("*?[") for name in broker.queues):
        raise BrokerError("AMQP has no list of queues", "name each in Queues, without * or ?")
    answer = BrokerAnswer(note=NOTE)
    for vhost in broker.vhosts:
        try:
            with _Link(broker, vhost, end) as link:
                rows = [link.queue(name, answer) for name in broker.queues]
                answer.rows[vhost] = [row for row in rows if row]
        except BrokerError as error:
            answer.errors[vhost] = error
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise BrokerError("what answers is not AMQP 0-9-1", "is the port 5672?") from error
    return answer


class _Link:
    """One connection with one channel; all of it ends at ``end`` (s, monotonic)."""

    def __init__(self, broker: Broker, vhost: str, end: float) -> None:
        self._broker = broker
        self._vhost = vhost
        self._end = end

    def __enter__(self) -> _Link:
        address, user = urlsplit(self._broker.url), self._broker.user
        login = f"\0{user}\0{self._broker.password()}".encode()
        self._peer = socket.create_connection(
            (str(address.hostname), address.port or 5672), self._left()
        )
        try:
            self._send_all(b"AMQP\x00\x00\x09\x01")
            self._await(START)
            self._send(
                0,
                START_OK,
                _table(_PROPERTIES)
                + _short(b"PLAIN")
                + struct.pack(">I", len(login))
                + login
                + _short(b"en_US"),
            )
            tuned = self._await(TUNE)
            self._send(0, TUNE_OK, tuned[:6] + b"\x00\x00")  # as offered, no heartbeat
            self._send(0, OPEN, _short(self._vhost.encode()) + b"\x00\x00")
            self._await(OPEN_OK)
            self._open_channel()
        except BaseException:
            self._peer.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.close()

    def queue(self, name: str, answer: BrokerAnswer) -> Mapping[str, Any]:
        """Return a queue's row, empty when it is not there."""
        if len(name.encode()) > MAX_SHORT:
            answer.errors[f"{self._vhost} {name}"] = BrokerError(f"longer than {MAX_SHORT} bytes")
            return {}
        arguments = b"\x00\x00" + _short(name.encode()) + PASSIVE + _table(b"")
        self._send(CHANNEL, DECLARE, arguments)
        method, body = self._receive()
        if method == CHANNEL_CLOSE:
            self._send(CHANNEL, CHANNEL_CLOSE_OK, b"")
            self._open_channel()
            answer.errors[f"{self._vhost} {name}"] = BrokerError(_closing(body))
            return {}
        if method != DECLARE_OK:
            raise BrokerError(f"an answer {method} to queue.declare")
        messages, consumers = struct.unpack_from(">II", body, 1 + body[0])
        return {"name": name, "messages": messages, "consumers": consumers}

    def _open_channel(self) -> None:
        self._send(CHANNEL, CHANNEL_OPEN, b"\x00")
        self._await(CHANNEL_OPEN_OK)

    def _await(self, wanted: tuple[int, int]) -> bytes:
        method, body = self._receive()
        if method == CLOSE:
            self._send(0, CLOSE_OK, b"")
            raise BrokerError(
                _closing(body),
                f"user {self._broker.user!r}: check PasswordFile and"
                f" the permission on vhost {self._vhost!r}",
            )
        if method != wanted:
            raise BrokerError(f"an answer {method} where {wanted} was due")
        return body

    def _send(self, channel: int, method: tuple[int, int], arguments: bytes) -> None:
        body = struct.pack(">HH", *method) + arguments
        self._send_all(struct.pack(">BHI", METHOD, channel, len(body)) + body + bytes([FRAME_END]))

    def _left(self) -> float:
        """Return the seconds left; raises TimeoutError after the end, whatever still comes."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the broker did not answer in time")
        return left

    def _send_all(self, octets: bytes) -> None:
        self._peer.settimeout(self._left())
        self._peer.sendall(octets)

    def _receive(self) -> tuple[tuple[int, int], bytes]:
        while True:
            kind, _, size = struct.unpack(">BHI", self._read(7))
            if size > MAX_FRAME:
                raise BrokerError("what answers is not AMQP 0-9-1", "is the port 5672?")
            body = self._read(size + 1)
            if kind == METHOD:
                class_id, method = struct.unpack_from(">HH", body)
                return (class_id, method), body[4:-1]

    def _read(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            self._peer.settimeout(self._left())
            part = self._peer.recv(count - len(octets))
            if not part:
                raise ConnectionError("the broker closed the connection")
            octets += part
        return octets


def _short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def _table(entries: bytes) -> bytes:
    return struct.pack(">I", len(entries)) + entries


def _closing(body: bytes) -> str:
    """Return code and text of a ``close``."""
    code, length = struct.unpack_from(">HB", body)
    return f"{code} {body[3 : 3 + length].decode('utf-8', 'replace')}"
