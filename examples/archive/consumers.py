"""The archiver, which stores every message for ever, and badges, which count.

Ordinary fedmsg consumers; neither knows that it is watched.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import psycopg
from fedmsg.consumers import FedmsgConsumer

from . import schema

BUS = "org.fedoraproject.prod.*"


class InDatabase(FedmsgConsumer):
    """A consumer whose worker threads have a connection each; a broken one is replaced."""

    def __init__(self, hub: Any) -> None:
        self._local = threading.local()
        super().__init__(hub)

    def connection(self) -> psycopg.Connection[Any]:
        """Return this thread's connection, waiting until the server takes one."""
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed or connection.broken:
            connection = psycopg.connect(self.hub.config["archive.dsn"], connect_timeout=10)
            self._local.connection = connection
        return connection


class Archiver(InDatabase):
    """Stores each message, its persons and packages, in one durable transaction."""

    topic = BUS
    config_key = "archive.archiver.enabled"

    def consume(self, message: dict[str, Any]) -> None:
        """Insert the message unless it is known, and wait until it is on disk."""
        store(self.connection(), message["body"])


def store(connection: psycopg.Connection[Any], body: dict[str, Any]) -> bool:
    """Store a bus message in one transaction; return False for one that is known already."""
    with connection.transaction():
        if connection.execute(schema.KNOWN, [body["msg_id"], body["timestamp"]]).fetchone():
            return False
        topic = body["topic"]
        text = json.dumps(body["msg"]).replace("\\u0000", "")
        row = connection.execute(
            schema.INSERT, [body["msg_id"], body["timestamp"], topic, topic.split(".")[3], text]
        ).fetchone()
        assert row is not None
        for table, link, keys in (
            ("people", "by_person", schema.PERSON),
            ("packages", "by_package", schema.PACKAGE),
        ):
            name = schema.first_named(body["msg"], keys)
            if name is not None:
                connection.execute(
                    schema.LINK.format(table=link), [_id(connection, table, name), row[0]]
                )
    return True


def _id(connection: psycopg.Connection[Any], table: str, name: str) -> int:
    while True:
        row = connection.execute(schema.GET.format(table=table), [name]).fetchone()
        if row:
            return int(row[0])
        connection.execute(schema.MAKE.format(table=table), [name])


class Badges(InDatabase):
    """Asks the archive how often somebody did this before: a badge at every hundredth time."""

    topic = BUS
    config_key = "archive.badges.enabled"

    def consume(self, message: dict[str, Any]) -> None:
        """Count the actions of the person that the message names."""
        person = schema.first_named(message["body"].get("msg"), schema.PERSON)
        if person is None:
            return
        connection = self.connection()
        with connection.transaction():
            connection.execute(
                "SELECT count(*) FROM messages m JOIN by_person b ON b.message = m.id "
                "JOIN people p ON p.id = b.person WHERE p.name = %s AND m.topic = %s "
                "AND m.id > (SELECT max(id) - 1000 FROM messages)",
                [person, message["topic"]],
            ).fetchone()
