"""Alerts to Prometheus' Alertmanager, API v2; it groups, repeats and routes itself.

Open alerts are sent again every ``refresh`` seconds: what is not refreshed ends there by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .http import post

#: An alert that is not refreshed for so many turns has ended.
TURNS = 4


class Sender:
    """Posts to one Alertmanager."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once Alertmanager has taken all alerts of a payload."""
        given = self._settings
        until = payload["at"] + TURNS * given["refresh"]
        alerts = [alert(one, until) for one in (*payload["alerts"], *payload["over"])]
        if alerts:
            url = given["url"].rstrip("/") + "/api/v2/alerts"
            headers = {"Content-Type": "application/json"}
            post(url, json.dumps(alerts).encode(), headers, given["timeout"])


def alert(told: Mapping[str, Any], until: float) -> dict[str, Any]:
    """Return an alert of API v2; ``until`` (epoch seconds) is its end while it is open.

    Labels are its identity, so what may change while it is open is an annotation: with the
    severity among them, one that grows worse would end there, and another begin.
    """
    subject = told["subject"]
    labels = {"alertname": told["rule"], "kind": told["kind"],
              "host": subject["host"], "service": subject["service"],
              "consumer": subject["consumer"]}
    found = {"labels": {name: text for name, text in labels.items() if text},
             "annotations": {"severity": told["severity"], "summary": told["what"],
                             "description": "\n".join(told["why"]),
                             "action": told["action"], "cause": told["cause"], "id": told["id"]},
             "startsAt": _moment(told["since"]),
             "endsAt": _moment(until if told["cleared"] is None else told["cleared"])}
    return {**found, "generatorURL": told["link"]} if told["link"] else found


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat()
