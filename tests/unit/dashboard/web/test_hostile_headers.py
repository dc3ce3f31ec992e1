"""Headers that make a library raise are answered, or refused before they are parsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from collectd_fedmsg_dashboard import create_app
from collectd_fedmsg_dashboard.web.connections import refusal
from werkzeug.security import generate_password_hash


@pytest.mark.parametrize("header", [b"Basic \xff", b"Basic \xc3\xa4", b"Basic =", b"Basic"])
def test_no_login_by_bytes_that_are_no_base64(tmp_path: Path, header: bytes) -> None:
    """Asked to log in, as anybody without one: no 503, no traceback in the log."""
    users = tmp_path / "users"
    users.write_text(f"reader:{generate_password_hash('a' * 16)}\n")
    users.chmod(0o600)
    app = create_app({"prometheus": "http://127.0.0.1:1", "users_file": str(users)})
    answer = app.test_client().get("/", headers={"Authorization": header.decode("latin-1")})
    assert answer.status_code == 401


@pytest.mark.parametrize(("digits", "refused"), [(19, False), (20, True), (5000, True)])
def test_a_length_without_end_is_not_parsed(digits: int, refused: bool) -> None:
    header = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * digits + b"\r\n\r\n"
    assert bool(refusal(header)) is refused


@pytest.mark.parametrize("blank", [b" ", b"\t"])
def test_a_header_over_several_lines_is_not_parsed(blank: bytes) -> None:
    """A length could be hidden so: waitress joins the lines and raises for its 4,300 digits."""
    lines = [b"GET / HTTP/1.1", b"Host: localhost", b"Content-Length:", blank + b"9" * 5000]
    assert refusal(b"\r\n".join(lines)) == "a header over several lines"
