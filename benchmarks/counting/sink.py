"""A consumer that does nothing, and says how long the hub took to give it ``sink.count``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from fedmsg.consumers import FedmsgConsumer

READY, BEGIN = 1, 2


class Sink(FedmsgConsumer):
    """Writes ``ready`` at the first message, then times from the message ``begin`` on."""

    topic = "org.fedoraproject.dev.bench"
    config_key = "sink.enabled"

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        self._folder = Path(hub.config["sink.folder"])
        self._left = int(hub.config["sink.count"])
        self._began = (0.0, 0.0)
        self._state = 0

    def consume(self, message: dict[str, Any]) -> None:
        """Do nothing, as fast as it goes."""
        if self._state == BEGIN:
            self._left -= 1
            if not self._left:
                self._tell()
            return
        kind = message["body"]["msg"]["kind"]
        if kind == "begin":
            self._state, self._began = BEGIN, (time.perf_counter(), time.process_time())
        elif not self._state:
            self._state = READY
            (self._folder / "ready").touch()

    def _tell(self) -> None:
        wall, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        status = Path("/proc/self/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        new_file = self._folder / "figures.new"
        new_file.write_text(json.dumps({"wall": wall, "cpu": cpu, "rss": int(peak) * 1024}))
        new_file.replace(self._folder / "figures")
