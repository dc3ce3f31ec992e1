"""Four ordinary fedmsg consumers; none of them knows that it is watched."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import json
import sqlite3
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import fedmsg
from fedmsg.consumers import FedmsgConsumer

from . import SECRET

BUS = "org.fedoraproject.prod.*"


class Archiver(FedmsgConsumer):
    """Stores every message for ever, one durable transaction each."""

    topic = BUS
    config_key = "demo.archiver.enabled"

    def __init__(self, hub: Any) -> None:
        self._local = threading.local()
        super().__init__(hub)

    def consume(self, message: dict[str, Any]) -> None:
        """Insert the message and wait until it is on disk."""
        database = getattr(self._local, "database", None)
        if database is None:
            database = sqlite3.connect(self.hub.config["demo.archiver.database"], timeout=60)
            database.execute(
                "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, topic, body)"
            )
            self._local.database = database
        with database:
            database.execute(
                "INSERT INTO messages (topic, body) VALUES (?, ?)",
                (message["topic"], json.dumps(message["body"])),
            )


class Notifier(FedmsgConsumer):
    """Matches every message against the rules of every user."""

    topic = BUS
    config_key = "demo.notifier.enabled"
    rules: ClassVar[dict[str, list[str]]] = {
        user: [f"*.{topic}.*", f"*{user}*"]
        for user, topic in (("ralph", "git"), ("pingou", "buildsys"), ("kevin", "bodhi"))
    }

    def consume(self, message: dict[str, Any]) -> None:
        """Find the recipients; the demo sends nothing."""
        text = f"{message['topic']} {message['body'].get('msg')}"
        for rules in self.rules.values():
            any(fnmatch.fnmatch(text, rule) for rule in rules)


class Badges(FedmsgConsumer):
    """Counts what people do; a badge at every hundredth action."""

    topic = BUS
    config_key = "demo.badges.enabled"
    deeds: ClassVar[Counter[str]] = Counter()

    def consume(self, message: dict[str, Any]) -> None:
        """Count for the person that the message names."""
        content = message["body"].get("msg", {})
        self.deeds[str(content.get("owner") or content.get("user"))] += 1


class Bridge(FedmsgConsumer):
    """Takes webhooks over HTTP, checks their signature, republishes them on the bus."""

    topic = "org.fedoraproject.prod.github.none"
    config_key = "demo.bridge.enabled"

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        if not self._initialized:
            return
        publishing = {**hub.config, "name": "relay_inbound", "active": True}
        fedmsg.init(**publishing)
        consumer = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1 << 20))
                expected = f"sha256={hmac.new(SECRET, body, hashlib.sha256).hexdigest()}"
                signature = self.headers.get("X-Hub-Signature-256", "")
                if not hmac.compare_digest(expected, signature):
                    self.send_error(403, "bad signature")
                    return
                event = {"topic": "webhook", "body": {"msg": json.loads(body)}}
                consumer.incoming.put(event)
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Be quiet: the bus is the log."""

        server = ThreadingHTTPServer(("127.0.0.1", hub.config["demo.bridge.port"]), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def consume(self, message: dict[str, Any]) -> None:
        """Publish the hook."""
        fedmsg.publish(modname="github", topic="push", msg=message["body"]["msg"])
