"""Send a notice as a message on the bus, from a separate process.

fedmsg keeps one context per process and may block in it: a separate process holds up nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from . import NotTaken


class Sender:
    """Publishes through the relay that a fedmsg configuration names."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the message was published; with ``confirm``, seen on the bus."""
        settings = self._settings
        command = [
            sys.executable,
            "-m",
            "collectd_fedmsg.alerts.outputs.bus_publish",
            settings["config"],
            str(settings["timeout"]),
            "confirm" if settings["confirm"] else "",
        ]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, our own arguments
                command,
                input=json.dumps(payload),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=settings["timeout"] + 20,
            )
        except subprocess.TimeoutExpired as error:
            raise NotTaken(f"the bus: nothing within {error.timeout} s") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise NotTaken(f"the bus: {lines[-1]}")
