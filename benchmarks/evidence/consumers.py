"""Consumers as they are written for this bus: an archive, notifications, badges, mirrors, bugs.

Each is written as such projects write theirs: helpers of their own, the libraries that they use.
None knows of being watched. What is slow in them is the ``Services`` that they use.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

Body = dict[str, Any]


@dataclass
class Services:
    """What consumers depend on; a fault makes one of them slow."""

    dsn: str = ""
    url: str = ""
    host: str = "localhost"
    spool: Path = Path()
    lock: threading.Lock = field(default_factory=threading.Lock)
    subject: str = "kernel-61"


class Archive:
    """Stores every message in one transaction, by a module-level ``add``."""

    def __init__(self, services: Services) -> None:
        self._session = psycopg.connect(services.dsn, autocommit=True)

    def consume(self, body: Body) -> None:
        """Store a message."""
        add(self._session, body["msg_id"], body["topic"], json.dumps(body["msg"]))


def add(session: psycopg.Connection[Any], name: str, topic: str, text: str) -> None:
    """Insert a message unless it is there."""
    session.execute(
        "INSERT INTO messages (msg_id, topic, body) VALUES (%s, %s, %s)", [name, topic, text]
    )


class Notifications:
    """Matches each message with people's rules, asks for their addresses, queues what to send."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._cache: dict[str, str] = {}
        self._database = psycopg.connect(services.dsn, autocommit=True) if services.dsn else None

    def consume(self, body: Body) -> None:
        """Find the recipients of a message and queue it for them."""
        if not self.wanted(self._services.subject):
            return
        address = self.address_of("ralph")
        if self._database is not None:
            self.queue(body["msg_id"], address)

    def wanted(self, subject: str) -> bool:
        """Return whether a rule's expression matches."""
        return re.search(r"^(\w+-?)+\d$", subject) is not None or subject.endswith("!")

    def address_of(self, user: str) -> str:
        """Return a user's address, from the account system or from what is remembered."""
        with self._services.lock:
            known = self._cache.get(user)
        if known is None or self._services.url:
            known = self.fetch(user) if self._services.url else f"{user}@example.org"
            self._cache[user] = known
        return known

    def fetch(self, user: str) -> str:
        """Ask the account system."""
        answer = requests.get(f"{self._services.url}/user/{user}", timeout=30)
        return str(answer.json()["mail"])

    def queue(self, name: str, address: str) -> None:
        """Put a notification into the outbox."""
        assert self._database is not None
        with self._database.cursor() as cursor:
            cursor.execute(
                "INSERT INTO messages (msg_id, topic, body) VALUES (%s, 'mail', %s)",
                [name, address],
            )


class Badges:
    """Awards: one at a time, by criteria of a trigger; the persona's name is asked for by HTTP."""

    TRIGGER = re.compile(r"^(a|b|ab)*c$")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database = psycopg.connect(services.dsn) if services.dsn else None

    def consume(self, body: Body) -> None:
        """Award what a message earns."""
        if not self._matches(self._services.subject):
            return
        self._services.lock.acquire()
        try:
            self._award(body)
        finally:
            self._services.lock.release()

    def _matches(self, subject: str) -> bool:
        return self.TRIGGER.match(subject) is not None or not subject.startswith("c")

    def _award(self, body: Body) -> None:
        if self._services.url:
            with urllib.request.urlopen(f"{self._services.url}/persona", timeout=30) as answer:
                body["persona"] = json.load(answer)["mail"]
        if self._database is not None:
            with self._database.transaction():
                self._database.execute(
                    "INSERT INTO messages (msg_id, topic, body) VALUES (%s, 'badge', '{}')",
                    [body["msg_id"]],
                )


class Mirrors:
    """Notes which trees changed: a file on disk; looks hosts up and probes them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def consume(self, body: Body) -> None:
        """Update the map of a repository's mirrors."""
        address = resolved(self._services.host)
        if self._services.url:
            self.probe("/repo", address)
        if self._services.spool != Path():
            self.write_map(self._services.spool, body)

    def probe(self, path: str, address: str) -> int:
        """Ask a mirror whether it has a path."""
        connection = http.client.HTTPConnection(self._services.url.removeprefix("http://"))
        try:
            connection.request("GET", f"{path}?from={address}")
            return connection.getresponse().status
        finally:
            connection.close()

    def write_map(self, folder: Path, body: Body) -> None:
        """Append to the map."""
        with (folder / "map").open("ab", buffering=0) as file:
            file.write(json.dumps(body).encode().ljust(100_000))


def resolved(host: str) -> str:
    """Return a mirror's address, or nothing."""
    try:
        return str(socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP)[0][4][0])
    except OSError:
        return ""


class Bugs:
    """Hands reports over to another bus: renders a text, posts it, keeps a copy."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def consume(self, body: Body) -> None:
        """Hand one report over."""
        text = self.render(self._services.subject)
        with self._services.lock:
            self.post(text)
        if self._services.spool != Path():
            self.keep(text)

    def render(self, subject: str) -> str:
        """Return the report without markup."""
        return re.sub(r"(x+x+)+y", "", subject)

    def post(self, text: str) -> None:
        """Post the report where a host is set."""
        if self._services.host != "localhost":
            try:
                urllib.request.urlopen(f"http://{self._services.host}/{text[:1]}", timeout=30)
            except OSError:
                return

    def keep(self, text: str) -> None:
        """Keep a copy."""
        (self._services.spool / "map").write_text(text.ljust(100_000), "utf-8")
