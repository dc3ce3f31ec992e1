"""Callbacks of all four kinds, for a real fedora-messaging service to run."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from fedora_messaging.exceptions import Drop, HaltConsumer, Nack

#: Messages that were returned to the queue once.
_returned: set[str] = set()


def obey(received: Any) -> None:
    """Do what the message's body says."""
    action = received.body.get("do")
    if action == "nack" and received.id not in _returned:
        _returned.add(received.id)
        raise Nack
    if action == "drop":
        raise Drop
    if action == "halt":
        raise HaltConsumer
    if action == "fail":
        raise KeyError("it cannot")


def is_held(received: Any) -> bool:
    """Return whether the file is missing that the message waits for."""
    return "until" in received.body and not Path(received.body["until"]).exists()


def function(received: Any) -> None:
    time.sleep(received.body.get("seconds", 0))
    while is_held(received):
        time.sleep(0.05)
    obey(received)


async def coroutine(received: Any) -> None:
    await asyncio.sleep(received.body.get("seconds", 0))
    while is_held(received):
        await asyncio.sleep(0.05)
    obey(received)


class Class:
    def __call__(self, received: Any) -> None:
        function(received)


class AsyncClass:
    async def __call__(self, received: Any) -> None:
        await coroutine(received)
