"""A receiver of GitHub's webhooks that republishes them onto the bus.

The signature is checked before the body is read as JSON; a repository that is not switched on is
refused. Refuses bodies above GitHub's own limit.
Source: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fedmsg
from fedmsg.consumers import FedmsgConsumer

#: Bytes; GitHub caps payloads at 25 MB, the bus at much less.
LONGEST = 1 << 20


def signature(secret: bytes, body: bytes) -> str:
    """Return what GitHub sends as ``X-Hub-Signature-256`` with a body."""
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


class Bridge(FedmsgConsumer):
    """Queues good hooks as they come, publishes them one by one."""

    # What it works on comes over HTTP: it subscribes to a topic that is never published.
    topic = "org.fedoraproject.prod.github.none"
    config_key = "webhook.bridge.enabled"

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        if not self._initialized:
            return
        self._local = threading.local()
        self._seen = hub.config["webhook.deliveries"]
        fedmsg.init(**{**hub.config, "name": "relay_inbound", "active": True})
        address = ("127.0.0.1", hub.config["webhook.port"])
        server = ThreadingHTTPServer(
            address,
            receiver(
                hub.config["webhook.secret"].encode(),
                set(hub.config["webhook.repositories"]),
                lambda event, hook: self.incoming.put(
                    {"topic": f"github.{event}", "body": {"msg": hook}}
                ),
            ),
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def consume(self, message: dict[str, Any]) -> None:
        """Note the delivery, durably, then publish it."""
        database = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = sqlite3.connect(self._seen, timeout=60)
            database.execute("CREATE TABLE IF NOT EXISTS deliveries (event, body)")
        hook, event = message["body"]["msg"], message["topic"].partition(".")[2]
        with database:
            database.execute("INSERT INTO deliveries VALUES (?, ?)", (event, json.dumps(hook)))
        fedmsg.publish(modname="github", topic=event, msg=hook)


def receiver(secret: bytes, repositories: set[str], accept: Any) -> type[BaseHTTPRequestHandler]:
    """Return a handler: 202 and ``accept(event, hook)``, or 400, 403 or 413 and nothing."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        # Head and body in one packet: else a client's delayed acknowledgement costs 40 ms a hook.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LONGEST:
                self.close_connection = True
                self._answer(413, "too long")
                return
            body = self.rfile.read(length)
            signature_ = self.headers.get("X-Hub-Signature-256", "")
            if not hmac.compare_digest(signature(secret, body), signature_):
                self._answer(403, "bad signature")
                return
            event = self.headers.get("X-GitHub-Event", "")
            try:
                hook = json.loads(body)
                name = hook["repository"]["full_name"]
            except (ValueError, KeyError, TypeError):
                self._answer(400, "not a webhook")
                return
            if not event.isidentifier() or name not in repositories:
                self._answer(403, "not switched on")
                return
            accept(event, hook)
            self._answer(202, "accepted")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Be quiet: the bus is the log."""

    return Receiver
