"""Send each alert of a notice through collectd's unixsock plugin (PUTNOTIF).

Inside collectd the plugin dispatches them itself; this output is for the service ``alerts run``.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from typing import Any

from ...metrics import PLUGIN
from ...names import escape
from . import NotTaken

SEVERITIES = {"info": "okay", "warning": "warning", "critical": "failure"}


#: Bytes of an answer that are read; collectd answers a short line.
MAX_LINE = 1024


class Sender:
    """Speaks to the socket of one collectd."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once collectd has dispatched every alert of it, within ``timeout`` seconds."""
        end = time.monotonic() + self._settings["timeout"]
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(self._settings["timeout"])
            peer.connect(str(self._settings["socket"]))
            for fields in notified(payload):
                peer.sendall(command(fields, payload["at"]).encode())
                answer = _line(peer, end)
                if not answer.startswith("0 "):
                    raise NotTaken(f"collectd: {answer.strip() or 'closed the connection'}")


def _line(peer: socket.socket, end: float) -> str:
    """Return one line of an answer; ``end`` in monotonic seconds, however slowly it comes."""
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_LINE:
        left = end - time.monotonic()
        if left <= 0:
            raise NotTaken("collectd: no answer in time")
        peer.settimeout(left)
        byte = peer.recv(1)
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace")


def notified(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the alerts that are new in a payload; for a reminder all that are open."""
    fresh = set(payload["fresh"])
    alerts = [
        fields
        for fields in payload["alerts"]
        if fields["id"] in fresh or payload["kind"] == "reminder"
    ]
    return [*alerts, *payload["over"]]


def command(alert: Mapping[str, Any], at: float) -> str:
    """Return one line of the plain-text protocol (collectd-unixsock(5))."""
    subject = alert["subject"]
    fields = {
        "time": f"{at:.3f}",
        "host": subject["host"],
        "plugin": PLUGIN,
        "plugin_instance": escape(subject["service"]),
        "type": "queue_length",
        "type_instance": escape(subject["consumer"]),
        "message": alert["short"],
        "severity": "okay" if alert["cleared"] is not None else SEVERITIES[alert["severity"]],
    }
    return (
        "PUTNOTIF "
        + " ".join(f"{key}={_quoted(text)}" for key, text in fields.items() if text)
        + "\n"
    )


def _quoted(text: str) -> str:
    clean = re.sub(r"[\x00-\x1f]", " ", text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
