"""Hostile names in an alert's mail, to a real SMTP server: one mail, and no header of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from collectd_fedmsg.alerts.records import Ack, Subject
from tests.integration.test_alert_outputs import Mailbox, output, raised

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted",
    "X-Fedmsg-Severity", "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "X-Peer",
    "X-MailFrom", "X-RcptTo",
}  # fmt: skip
NAMES = [
    pytest.param("x\r\nBcc: victim@example.org", id="crlf"),
    pytest.param("x\nBcc: victim@example.org", id="lf"),
    pytest.param("x\rBcc: victim@example.org\r\r\n", id="cr"),
    pytest.param("x\r\n\r\nanother body\r\n.\r\nMAIL FROM:<a@b>", id="end-of-mail"),
    pytest.param("x\n.\nRCPT TO:<victim@example.org>", id="bare-dot"),
    pytest.param("=?utf-8?q?x=0D=0ABcc:_victim@example.org?=", id="encoded-word"),
    pytest.param("=?utf-8?b?eA0KQmNjOiB2QGV4YW1wbGUub3Jn?= =?x?y?z?=", id="encoded-words"),
    pytest.param("a\0b", id="nul"),
    pytest.param("x\u2028Bcc: victim@example.org\x85\x0b\x0c\x1c", id="unicode-line-ends"),
    pytest.param("\udc80\ud800", id="no-unicode"),
    pytest.param("Ümläut 😀 \u202ecod.exe", id="not-ascii"),
    pytest.param("x" * 300, id="300-characters"),
    pytest.param("ä" * 300, id="300-not-ascii"),
    pytest.param("x " * 150, id="300-foldable"),
    pytest.param("<a@b>, \"c\" (d; e) \\", id="address-like"),
]  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Any:
    with Mailbox() as box:
        yield box


@pytest.mark.parametrize("name", NAMES)
def test_no_header_is_added(box: Mailbox, name: str) -> None:
    """Each is taken at once: what raised would be tried for a day, and hold up all after it."""
    box.mails.clear()
    subject = Subject(f"h{name}", f"s{name}", f"c{name}")
    body = raised(
        subject=subject,
        cause=f"C{name}".upper(),
        why=(f"why {name}",),
        ack=Ack(f"by {name}", 0.0, name),
    )
    mail = output("smtp", host="127.0.0.1", port=box.port, sender="a@bus.example",
                  recipients=["ops@example.org"])  # fmt: skip
    mail.send(body)
    ((to, received),) = box.mails
    assert to == ["ops@example.org"]
    assert set(received.keys()) <= HEADERS
    assert len(received.keys()) == len(set(received.keys()))
    assert received["To"] == "ops@example.org"
    subject_line = str(received["Subject"])
    assert subject_line.isprintable(), "no line end, nothing that turns writing around"
    assert not received.is_multipart()
    assert "Notice 1234abcd-n of " in received.get_content()
