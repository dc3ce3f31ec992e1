"""Alerts for Prometheus' Alertmanager (API v2), which groups, repeats and routes them.

Open alerts are sent again every ``refresh`` seconds: what is not refreshed ends there by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .http import post

#: Refreshes that may be missed before Alertmanager ends an alert.
MISSED_REFRESHES = 4


class Sender:
    """Posts to one Alertmanager."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once Alertmanager has taken all alerts of a payload."""
        settings = self._settings
        until = payload["at"] + MISSED_REFRESHES * settings["refresh"]
        alerts = [alert(fields, until) for fields in (*payload["alerts"], *payload["over"])]
        if alerts:
            url = settings["url"].rstrip("/") + "/api/v2/alerts"
            headers = {"Content-Type": "application/json"}
            post(url, json.dumps(alerts).encode(), headers, settings["timeout"])


def alert(alerted: Mapping[str, Any], until: float) -> dict[str, Any]:
    """Return an alert of API v2; ``until`` (epoch seconds) is its end while it is open.

    Labels are its identity, so what may change while it is open is an annotation: with the
    severity among them, one that grows worse would end there, and another begin.
    """
    subject = alerted["subject"]
    labels = {
        "alertname": alerted["rule"],
        "kind": alerted["kind"],
        "host": subject["host"],
        "service": subject["service"],
        "consumer": subject["consumer"],
    }
    entry = {
        "labels": {name: text for name, text in labels.items() if text},
        "annotations": {
            "severity": alerted["severity"],
            "summary": alerted["what"],
            "description": "\n".join(alerted["why"]),
            "action": alerted["action"],
            "cause": alerted["cause"],
            "id": alerted["id"],
        },
        "startsAt": _moment(alerted["since"]),
        "endsAt": _moment(until if alerted["cleared"] is None else alerted["cleared"]),
    }
    return {**entry, "generatorURL": alerted["link"]} if alerted["link"] else entry


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat()
