"""One module per output: ``send(payload)`` returns once the receiver has accepted it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ...config_check import REQUIRED, Checker, Key, Table
from ...config_values import (
    absolute_path,
    among,
    flag,
    host_name,
    http_url,
    list_of,
    optional,
    optional_text,
    text,
    whole,
)
from ...errors import HealthError, described
from ...names import printable

#: Characters of a reason that are kept: a receiver may answer a page of HTML.
MAX_REASON = 500
#: Where mail is submitted over TLS from the first byte (RFC 8314).
SMTPS_PORT = 465


class NotTaken(HealthError):  # noqa: N818 - what happened; it is tried again
    """The receiver did not take it now; it is tried again.

    Args:
        text: why; what a receiver sent is cleaned for logs and terminals.
        after: seconds for which the receiver asked not to be contacted.
        recipients: who still has to get it, when others already have.
    """

    def __init__(self, text: str, after: float = 0.0, recipients: Sequence[str] = ()) -> None:
        super().__init__(printable(text)[:MAX_REASON])
        self.after = after
        self.recipients = tuple(recipients)


class Refused(NotTaken):
    """The receiver permanently refuses the notice: it is given up, and others do not wait."""


class Output(Protocol):
    """Where notices go; use ``send`` of this module, which translates exceptions."""

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the receiver has it; raise NotTaken or Refused otherwise."""


def send(output: Output, payload: Mapping[str, Any]) -> None:
    """Send through an output; every exception of its libraries becomes one of two classes.

    Raises:
        NotTaken: not now.
        Refused: never.
    """
    try:
        output.send(payload)
    except (NotTaken, KeyboardInterrupt):
        raise
    except BaseException as error:  # a library may raise SystemExit, too
        raise NotTaken(described(error)) from error


def opened(settings: Mapping[str, Any]) -> Output:
    """Return the output that checked settings describe (``check``)."""
    module = importlib.import_module(f"{__name__}.{settings['type']}")
    sender: Output = module.Sender(settings)
    return sender


def mail_address(value: Any) -> str:
    """Check a mail address; a name before ``<address>`` is fine."""
    address = text(value)
    local, _, domain = address.rpartition("@")
    if not local or not domain.strip(" >"):
        raise ValueError("must be a mail address")
    return address


#: type → its keys; those of ``COMMON`` besides.
TYPES: dict[str, Table] = {
    "smtp": {
        "host": Key(host_name, "localhost"),
        "port": Key(whole(1, 65535), 25),
        "sender": Key(mail_address, REQUIRED),
        "recipients": Key(list_of(mail_address, "mail addresses"), REQUIRED),
        "starttls": Key(flag, False),
        # Port 465 speaks TLS from the first byte (RFC 8314).
        "tls": Key(flag),
        "user": Key(optional_text, ""),
        "password_file": Key(optional(absolute_path), None),
    },
    "webhook": {"url": Key(http_url, REQUIRED), "secret_file": Key(optional(absolute_path), None)},
    "alertmanager": {
        "url": Key(http_url, REQUIRED),
        "refresh": Key(whole(1, 86400, "seconds"), 60),
    },
    "bus": {"config": Key(absolute_path, REQUIRED), "confirm": Key(flag, True)},
    "collectd": {"socket": Key(absolute_path, Path("/run/collectd-unixsock"))},
}
COMMON: Table = {
    "type": Key(among(*TYPES), REQUIRED),
    "timeout": Key(whole(1, 3600, "seconds"), 10),
    "give_up_after": Key(whole(1, 2592000, "seconds"), 86400),
}


def check(checker: Checker, settings: Any, where: str) -> dict[str, Any]:
    """Return one output's settings; what is wrong with them is noted in ``checker``."""
    kind = settings.get("type") if isinstance(settings, Mapping) else None
    if not isinstance(kind, str) or kind not in TYPES:
        if isinstance(settings, Mapping):
            checker.wrong(f"{where}.type", kind, f"must be one of {', '.join(TYPES)}")
        else:
            checker.wrong(where, settings, f"must be written [{where}]")
        return {}
    values = checker.table(settings, {**COMMON, **TYPES[kind]}, where)
    if kind == "smtp":
        _check_mail(checker, values, where)
    return values


def _check_mail(checker: Checker, values: dict[str, Any], where: str) -> None:
    """Settle how the connection is encrypted."""
    implicit = values.setdefault("tls", values.get("port") == SMTPS_PORT)
    if values.get("port") == SMTPS_PORT and not implicit:
        checker.wrong(f"{where}.tls", False, "port 465 speaks TLS from the first byte: true")
    if implicit and values.get("starttls"):
        checker.wrong(
            f"{where}.starttls",
            True,
            "cannot follow TLS from the first byte (tls, or port 465): use one of both",
        )
    if values.get("recipients") == ():
        checker.wrong(f"{where}.recipients", [], "names nobody")
    if values.get("password_file") and not values.get("user"):
        checker.wrong(f"{where}.user", "", "is missing: password_file is set")
