"""A callback for fedora-messaging: accepts, drops or refuses as the message says."""

from __future__ import annotations

from typing import Any

from fedora_messaging.exceptions import Drop, Nack


def callback(message: Any) -> None:
    if message.body.get("drop"):
        raise Drop
    if message.body.get("refuse"):
        raise Nack
