"""Mail to servers that are hostile or broken: bounded, tried again, nothing given up."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from collectd_fedmsg.alerts.outputs import NotTaken, Refused, check, opened, send
from collectd_fedmsg.config_check import Checker
from tests.played_servers import Talk, by_line, played, without_end

PAYLOAD = {"id": "a" * 16, "group": "g", "subject": "s", "at": time.time(), "severity": "info",
           "text": "t"}  # fmt: skip


def mail_to(port: int, **more: Any) -> Any:
    settings = {"type": "smtp", "host": "localhost", "port": port, "sender": "a@b.example",
                "recipients": ["c@d.example"], **more}  # fmt: skip
    return opened(check(Checker("f"), settings, "o"))


def answering(**answers: bytes) -> Talk:
    """Return a server that takes everything but the commands that have another answer."""

    def answer(line: bytes) -> bytes:
        verb = line[:4].decode("latin-1").lower()
        return answers.get(verb, b"250-me\r\n250 STARTTLS\r\n" if verb == "ehlo" else b"250 ok\r\n")

    return by_line(answer, b"220 me\r\n")


@pytest.mark.parametrize(
    ("talk", "more"),
    [
        pytest.param(without_end(b"220-x\r\n" * 9000), {}, id="a-greeting-without-end"),
        pytest.param(without_end(b"2" * 65536), {}, id="a-line-without-end"),
        pytest.param(answering(ehlo=b"250 me\r\n"), {"starttls": True}, id="no-starttls"),
        pytest.param(answering(star=b"554 no\r\n"), {"starttls": True}, id="starttls-refused"),
        pytest.param(answering(ehlo=b"554 no\r\n", helo=b"554 no\r\n"), {}, id="hello-refused"),
    ],
)
def test_what_is_wrong_with_the_server_gives_up_no_notice(talk: Talk, more: Any) -> None:
    """Whoever stands between could otherwise make every notice be dropped."""
    tracemalloc.start()
    try:
        with played(talk) as port, pytest.raises(NotTaken) as caught:
            send(mail_to(port, timeout=60, **more), PAYLOAD)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert not isinstance(caught.value, Refused)


@pytest.mark.parametrize("verb", ["mail", "data"])
def test_a_notice_that_is_refused_for_good_is_given_up(verb: str) -> None:
    with played(answering(**{verb: b"554 no\r\n"})) as port, pytest.raises(Refused, match="554"):
        send(mail_to(port), PAYLOAD)
