"""The notifier: an ordinary fedmsg consumer with one worker; it does not know of being watched."""

from __future__ import annotations

from typing import Any

from examples.archive.consumers import BUS, InDatabase

from . import database
from .engines import Asking, Remembering
from .rules import News


class Notifier(InDatabase):
    """Finds the recipients of each message, and writes it to the outbox."""

    topic = BUS
    config_key = "notifier.enabled"

    def __init__(self, hub: Any) -> None:
        self._engine: Asking | Remembering | None = None
        super().__init__(hub)

    def consume(self, message: dict[str, Any]) -> None:
        """Tell everyone who wants to know."""
        connection = self.connection()
        # A query outside a transaction would keep one open for good.
        connection.autocommit = True
        body = message["body"]
        if not isinstance(self._engine, Remembering):
            self._engine = self._choose(connection)
        if isinstance(self._engine, Remembering):
            self._engine.take(body)
        database.send(connection, body["msg_id"], self._engine.recipients_of(News.of(body)))

    def _choose(self, connection: database.Connection) -> Asking | Remembering:
        # The first engine asks for everything at every message: also for its own replacement.
        if database.engine(connection) == "remembering":
            return Remembering(connection)
        return self._engine or Asking(connection)
