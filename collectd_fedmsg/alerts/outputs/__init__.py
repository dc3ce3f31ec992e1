"""One module for each way to tell somebody: ``send(payload)`` returns once it was taken."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from ...errors import HealthError


class NotTaken(HealthError):  # noqa: N818 - what happened; it is tried again
    """The receiver did not take it; ``after`` seconds are what it asked to be left alone for."""

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after


class Output(Protocol):
    """Where notices go."""

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the receiver has it; raise NotTaken or OSError otherwise."""


def opened(settings: Mapping[str, Any]) -> Output:
    """Return the output that checked settings describe (``output_settings.check``)."""
    module = importlib.import_module(f"{__name__}.{settings['type']}")
    found: Output = module.Sender(settings)
    return found


#: type → key → (python type, default); a default of ``...`` means that it must be there.
TYPES: dict[str, dict[str, tuple[type, Any]]] = {
    "smtp": {"host": (str, "localhost"), "port": (int, 25), "sender": (str, ...),
             "recipients": (list, ...), "starttls": (bool, False), "user": (str, ""),
             "password_file": (str, "")},
    "webhook": {"url": (str, ...), "secret_file": (str, "")},
    "alertmanager": {"url": (str, ...), "refresh": (int, 60)},
    "bus": {"config": (str, ...), "confirm": (bool, True)},
    "collectd": {"socket": (str, "/run/collectd-unixsock")},
}
COMMON: dict[str, tuple[type, Any]] = {"type": (str, ...), "timeout": (int, 10),
                                       "give_up_after": (int, 86400)}


def check(settings: Any) -> tuple[list[tuple[str, Any, str]], dict[str, Any]]:
    """Return the mistakes (key, value, reason) of one output's table, and its settings."""
    if not isinstance(settings, dict):
        return [("", settings, "must be a table")], {}
    kind = settings.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        return [("type", kind, f"must be one of {', '.join(TYPES)}")], {}
    known = {**COMMON, **TYPES[kind]}
    mistakes: list[tuple[str, Any, str]] = []
    for key, value in settings.items():
        if key not in known:
            mistakes.append((key, value, f"unknown; known are {', '.join(known)}"))
        elif type(value) is not known[key][0]:
            mistakes.append((key, value, f"must be of type {_NAMES[known[key][0]]}"))
        elif reason := _unusable(key, value):
            mistakes.append((key, value, reason))
    mistakes += [(key, None, "is missing") for key, (_, usual) in known.items()
                 if usual is ... and key not in settings]
    return mistakes, {**{key: usual for key, (_, usual) in known.items()}, **settings}


def _unusable(key: str, value: Any) -> str:  # noqa: PLR0911 - a reason each
    if key == "url" and not value.startswith(("http://", "https://")):
        return "must be an http:// or https:// address"
    if key in ("port", "timeout", "refresh", "give_up_after") and not 1 <= value <= 2592000:
        return "must be 1 or more"
    if key == "port" and value > 65535:
        return "must be a port, 1 to 65535"
    if key == "recipients" and (not value or not all(isinstance(x, str) and "@" in x
                                                     for x in value)):
        return "must be a list of mail addresses"
    if isinstance(value, str) and any(ord(c) < 32 for c in value):
        return "must not hold line ends or other control characters"
    path = key.endswith("_file") or key in ("socket", "config")
    if path and value and not value.startswith("/"):
        return "must be an absolute path"
    return ""


_NAMES = {str: "text", int: "whole number", bool: "true or false", list: "list"}
