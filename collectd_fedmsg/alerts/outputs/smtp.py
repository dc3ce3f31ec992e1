"""EDGE mail: a notice as a message whose Message-ID is the notice's own."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from . import NotTaken


class Sender:
    """Speaks SMTP to one server; a mail sent again has the same Message-ID."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the server has accepted the mail for every recipient."""
        given = self._settings
        try:
            with smtplib.SMTP(given["host"], given["port"], timeout=given["timeout"]) as server:
                if given["starttls"]:
                    server.starttls(context=ssl.create_default_context())
                if given["user"]:
                    server.login(given["user"], _password(given["password_file"]))
                refused = server.send_message(mail(payload, given))
        except smtplib.SMTPException as error:
            raise NotTaken(f"{type(error).__name__}: {error}") from error
        if refused:
            raise NotTaken(f"refused: {refused}")


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
    # Nobody's "I am away" shall answer a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Fedmsg-Severity"] = payload["severity"]
    message.set_content(payload["text"])
    return message


def _password(path: Path | None) -> str:
    return path.read_text("utf-8").strip() if path else ""
