"""Mail a notice; its Message-ID is the notice's id, so a mail sent again is recognised."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, BinaryIO

from ...files import MAX_SECRET_BYTES, read_file
from . import NotTaken, Refused

#: recipient → (SMTP code, the server's words).
Refusals = Mapping[str, tuple[int, bytes]]
#: Bytes that a server may send before or after TLS begins; smtplib keeps all lines of an answer.
MAX_ANSWERS = 1 << 20


class Sender:
    """Speaks SMTP to one server, within ``timeout`` seconds for the whole conversation."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the server has accepted the mail for every recipient.

        Raises:
            Refused: the server will never take it (5xx), for these recipients.
            NotTaken: it does not take it now (4xx); ``recipients`` are those left.
        """
        recipients = payload.get("recipients") or self._settings["recipients"]
        try:
            with self._connected() as server:
                refused = server.send_message(
                    mail(payload, self._settings), to_addrs=list(recipients)
                )
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients, recipients) from error
        except smtplib.SMTPResponseException as error:
            text = f"{error.smtp_code} {_words(error.smtp_error)}"
            # What is refused before the notice (greeting, STARTTLS, login), or is no answer of
            # SMTP, has its reason in the server or the settings.
            for_good = error.smtp_code >= 500 and isinstance(
                error, (smtplib.SMTPSenderRefused, smtplib.SMTPDataError)
            )
            raise (Refused if for_good else NotTaken)(text) from error
        if refused:
            raise _refusal(refused, recipients)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Yield a server that was greeted and logged in to."""
        settings = self._settings
        server = _Server(settings["host"], settings["timeout"], tls=settings["tls"])
        over = threading.Event()
        threading.Thread(
            target=server.cut_after,
            args=(settings["timeout"], over),
            daemon=True,
            name="mail deadline",
        ).start()
        try:
            server.connect(settings["host"], settings["port"])
            if settings["starttls"]:
                server.starttls(context=ssl.create_default_context())
            if settings["user"]:
                server.login(settings["user"], _password(settings["password_file"]))
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            over.set()
            server.close()


class _Answers:
    """The lines that a server sends, ``MAX_ANSWERS`` bytes at most."""

    def __init__(self, lines: BinaryIO) -> None:
        self._lines = lines
        self._left = MAX_ANSWERS

    def readline(self, most: int) -> bytes:
        """Return the next line.

        Raises:
            OSError: there were too many.
        """
        line = self._lines.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"its answers are longer than {MAX_ANSWERS:,} bytes")
        return line

    def close(self) -> None:
        """Close the file of the lines."""
        self._lines.close()


class _Server(smtplib.SMTP):
    """A connection bounded in time and bytes as a whole: smtplib bounds each read only.

    Args:
        host: the name that TLS checks.
        timeout: of one read, in seconds.
        tls: from the first byte.
    """

    sock: socket.socket | None
    file: _Answers | None

    def __init__(self, host: str, timeout: float, *, tls: bool) -> None:
        super().__init__(timeout=timeout)  # without a host it does not connect yet
        self._host = host
        self._tls = tls

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.sock = socket.create_connection((host, port), timeout, self.source_address)
        if self._tls:
            link = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._host, do_handshake_on_connect=False
            )
            self.sock = link
            link.do_handshake()
        return self.sock

    def getreply(self) -> tuple[int, bytes]:
        """Return the code and the text of the next answer."""
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock.makefile("rb"))
        return super().getreply()

    def cut_after(self, seconds: float, over: threading.Event) -> None:
        """Close the connection when its time limit has passed."""
        while not over.wait(seconds):
            seconds = 1.0  # it may not have been connected yet
            if self.sock is not None:
                with suppress(OSError):
                    # Not SSLSocket's own, which forgets its TLS while another thread reads.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _refusal(refused: Refusals, wanted: Sequence[str]) -> NotTaken:
    """Return what to raise when a server refuses some or all recipients."""
    text = "; ".join(
        f"{address}: {code} {_words(words)}" for address, (code, words) in refused.items()
    )
    later = [address for address, (code, _) in refused.items() if code < 500]
    if later:
        return NotTaken(text, recipients=later)
    taken = len(wanted) - len(refused)
    return Refused(f"{text}{f' (taken for {taken} others)' if taken else ''}")


def _words(answer: object) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def mail(payload: Mapping[str, Any], settings: Mapping[str, Any]) -> EmailMessage:
    """Return the message; a group's notices are one thread."""
    domain = settings["sender"].rpartition("@")[2].strip(" >")
    message = EmailMessage()
    message["From"] = settings["sender"]
    message["To"] = ", ".join(settings["recipients"])
    # EmailMessage decodes what looks encoded (RFC 2047), line ends and all: a name never is.
    message["Subject"] = payload["subject"][:300].replace("=?", "= ?")
    message["Date"] = format_datetime(datetime.fromtimestamp(payload["at"], timezone.utc))
    message["Message-ID"] = f"<{payload['id']}.notice@{domain}>"
    message["References"] = f"<{payload['group']}.group@{domain}>"
    # Automatic replies ("I am away") are not wanted (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Fedmsg-Severity"] = payload["severity"]
    message.set_content(payload["text"])
    return message


def _password(path: Path | None) -> str:
    return read_file(path, MAX_SECRET_BYTES).decode().strip() if path else ""
