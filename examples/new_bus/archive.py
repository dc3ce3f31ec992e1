"""The archiver as a callback of fedora-messaging: stores every message for ever."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from fedora_messaging import config, exceptions, message

#: In the folder ``control``: seconds that each message takes more; that a bad one is given up.
SLOW, GIVE_UP = "slow", "give-up"


class Archive:
    """Called by ``fedora-messaging consume`` with each message, in one thread."""

    def __init__(self) -> None:
        self._database: Any = None

    def __call__(self, received: message.Message) -> None:
        """Insert the message and wait until it is on disk.

        Raises:
            Nack: the message is one that cannot be stored: it comes again.
            Drop: so it is, and somebody has said to give it up.
        """
        control = Path(config.conf["consumer_config"]["control"])
        if received.body.get("poison"):
            raise exceptions.Drop if (control / GIVE_UP).exists() else exceptions.Nack
        if (control / SLOW).exists():
            time.sleep(float((control / SLOW).read_text() or 0))
        if self._database is None:
            self._database = sqlite3.connect(
                config.conf["consumer_config"]["database"], timeout=60, check_same_thread=False
            )
            self._database.execute("CREATE TABLE IF NOT EXISTS messages (id, topic, body)")
        with self._database:
            self._database.execute(
                "INSERT INTO messages VALUES (?, ?, ?)",
                (received.id, received.topic, json.dumps(received.body)),
            )
