"""``/api/v1/costs``: what a daemon's topics cost, and its slowest messages of the last hour."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request

from collectd_fedmsg.protocol.about import SlowMessage

from ..grid.topic_costs import topic_costs
from ..judge.inside import Inside
from ..store.base import Daemon
from ..store.series import Window
from . import query
from .api import send, settings, store

costs = Blueprint("costs", __name__, url_prefix="/api/v1")


@costs.get("/costs")
def of_daemon() -> Response:
    """Worker time by topic in a span, and the slowest messages that are known now."""
    known = store().daemons()
    window = query.window(request.args, time.time())
    (name,) = query.chosen(request.args.getlist("daemon"), known, 1)
    daemon = known[name]
    query.bounded(2 * len(daemon.by_topic.get("topic_busy", ())), window)
    return send({"start": window.start, "end": window.end, "daemon": name,
                 **body(daemon, window)})  # fmt: skip


def body(daemon: Daemon, window: Window) -> dict[str, Any]:
    """Return ``topics`` and ``slowest`` (None: not known) of a daemon; times in seconds.

    Raises:
        StoreError: the store cannot answer.
    """
    inside: Inside = current_app.extensions["inside"]
    return {
        "topics": [
            {
                "topic": cost.topic,
                "messages": cost.messages,
                "seconds": cost.seconds,
                "share": cost.share,
                "per_message": cost.per_message,
            }
            for cost in topic_costs(store(), daemon, window)
        ],
        "slowest": slow_rows(inside.slowest(daemon.host, daemon.service, daemon.consumer)),
    }


def slow_rows(messages: Sequence[SlowMessage] | None) -> list[dict[str, Any]] | None:
    """Return slow messages for JSON, each with its address in the archive where that is set."""
    if messages is None:
        return None
    return [
        {
            "id": message.id,
            "topic": message.topic,
            "seconds": message.seconds,
            "end": message.end,
            "link": archived(settings().message_url, message.id),
        }
        for message in messages
    ]


def archived(template: str, name: str) -> str | None:
    """Return a message's address in the archive; None without a template or an id."""
    return template.replace("{id}", quote(name, safe="")) if template and name else None
