"""AMQP from what is no broker: an error in time, whatever it sends."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from collectd_fedmsg.collector.sources.broker import Broker, BrokerAnswer, BrokerError
from collectd_fedmsg.collector.sources.passive_declare import OPEN_OK, START, TUNE, read
from tests.played_servers import Talk, played, without_end

HEARTBEAT = struct.pack(">BHI", 8, 0, 0) + b"\xce"


def method(numbers: tuple[int, int], arguments: bytes = b"", channel: int = 0) -> bytes:
    body = struct.pack(">HH", *numbers) + arguments
    return struct.pack(">BHI", 1, channel, len(body)) + body + b"\xce"


def asked(talk: Talk, **more: object) -> BrokerAnswer | BaseException:
    """Return what one reading brings, or its exception; fail where it does not end."""
    outcome: list[BrokerAnswer | BaseException] = []

    def ask(port: int) -> None:
        try:
            outcome.append(read(Broker(f"amqp://127.0.0.1:{port}", **more), 0.5))  # type: ignore[arg-type]
        except Exception as error:
            outcome.append(error)

    with played(talk) as port:
        thread = threading.Thread(target=ask, args=(port,), daemon=True)
        thread.start()
        thread.join(30)
    assert outcome, "it is still being read"
    return outcome[0]


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        pytest.param(HEARTBEAT * 1000, OSError, id="heartbeats-without-end"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", BrokerError, id="http"),
        pytest.param(b"\xff" * 1000, BrokerError, id="a-frame-of-4-GB"),
        pytest.param(method(START)[:-1] + b"\xce" * 1000, BrokerError, id="frames-cut-wrongly"),
    ],
)
def test_no_broker_is_an_error_in_time(octets: bytes, error: type[BaseException]) -> None:
    """Each byte comes at once: a limit for each read would never end it."""
    outcome = asked(without_end(octets), queues=("q",))
    if isinstance(outcome, BrokerAnswer):
        outcome = outcome.errors["/"]
    assert isinstance(outcome, error)


def test_a_name_that_amqp_cannot_carry_costs_no_other() -> None:
    """A queue's name has 255 bytes at most."""

    def talk(client: socket.socket) -> None:
        client.recv(8)
        client.sendall(method(START))
        client.recv(4096)
        client.sendall(method(TUNE, b"\x00\x00" + b"\x00\x02\x00\x00" + b"\x00\x00"))
        client.recv(4096)
        client.sendall(method(OPEN_OK, b"\x00"))
        client.recv(4096)
        client.sendall(method((20, 11), b"\x00\x00\x00\x00", 1))
        client.recv(4096)
        client.sendall(method((50, 11), b"\x04good" + struct.pack(">II", 7, 1), 1))
        client.recv(4096)

    outcome = asked(talk, queues=("x" * 256, "good"))
    assert isinstance(outcome, BrokerAnswer)
    assert outcome.rows == {"/": [{"name": "good", "messages": 7, "consumers": 1}]}
    assert "longer than 255 bytes" in str(outcome.errors["/ " + "x" * 256])
