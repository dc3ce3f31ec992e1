"""A temporary store that takes all messages while the archive cannot.

It is started before the archiver stops and ended after it runs again, so it takes some messages
that the archiver takes as well; handing over stores only what the archive does not have.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedmsg.consumers import FedmsgConsumer

from .consumers import BUS


class Spool(FedmsgConsumer):
    """Writes every message to a file, on disk before the next one."""

    topic = BUS
    config_key = "archive.spool.enabled"

    def __init__(self, hub: Any) -> None:
        self._local = threading.local()
        super().__init__(hub)

    def consume(self, message: dict[str, Any]) -> None:
        """Append the message."""
        database = getattr(self._local, "database", None)
        if database is None:
            database = sqlite3.connect(self.hub.config["archive.spool.file"], timeout=60)
            database.execute("CREATE TABLE IF NOT EXISTS spool (n INTEGER PRIMARY KEY, body)")
            self._local.database = database
        with database:
            text = json.dumps(message["body"])
            database.execute("INSERT INTO spool (body) VALUES (?)", [text])


def spooled(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the messages in the order in which they came; none when there is no file."""
    if not file.exists():
        return
    database = sqlite3.connect(file, timeout=60)
    try:
        for (text,) in database.execute("SELECT body FROM spool ORDER BY n"):
            yield json.loads(text)
    finally:
        database.close()
