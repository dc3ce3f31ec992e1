"""A notice as signed JSON.

``X-Fedmsg-Signature: sha256=HMAC-SHA256(secret, timestamp "." body)`` with the timestamp in
``X-Fedmsg-Timestamp`` (a receiver refuses old ones: RFC 2104 alone would let them be replayed);
``Idempotency-Key`` is the notice's id, the same for every attempt.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from ...files import MAX_SECRET_BYTES, read_file
from .http import post


class Sender:
    """Posts to one address."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the receiver has answered 2xx."""
        settings = self._settings
        body = json.dumps(payload, sort_keys=True).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": payload["id"],
            "User-Agent": "collectd-fedmsg",
        }
        if settings["secret_file"]:
            # Read each time: a secret is changed without a restart.
            secret = read_file(settings["secret_file"], MAX_SECRET_BYTES).strip()
            stamp = str(int(time.time()))
            headers["X-Fedmsg-Timestamp"] = stamp
            headers["X-Fedmsg-Signature"] = f"sha256={signature(secret, stamp, body)}"
        post(settings["url"], body, headers, settings["timeout"])


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """Return the hex HMAC that a receiver computes again and compares."""
    return hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
