"""Follow what the page's API says of each daemon, and remember every change with its time."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Seconds between questions: half the sampling interval of a story.
PERIOD = 0.5


@dataclass(frozen=True)
class Seen:
    """What the API said of one daemon; ``at`` in seconds since the story began."""

    at: float
    service: str
    state: str
    verdicts: tuple[str, ...]
    text: str
    row: Mapping[str, Any]

    def matches(self, service: str, verdicts: tuple[str, ...], says: str = "") -> bool:
        """Tell whether it is of this service, has one of the verdicts and says the words."""
        text = " ".join([self.text, *self.row.get("evidence", ())])
        return (
            self.service == service
            and says in text
            and any(verdict in verdicts for verdict in (self.state, *self.verdicts))
        )


def get(url: str, **query: Any) -> Any:
    """Return the JSON at an address of the API.

    Raises:
        OSError: no answer, or an error.
    """
    address = f"{url}?{urllib.parse.urlencode(query, doseq=True)}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)


class Watch:
    """A thread that asks until it is closed.

    Args:
        url: the page's address.
        tell: gets each change of a daemon's verdicts, in the watching thread.
        together: gets each incident of several daemons when it first appears, likewise.
    """

    def __init__(
        self,
        url: str,
        tell: Callable[[Seen, Seen | None], None],
        together: Callable[[float, Mapping[str, Any]], None],
    ) -> None:
        self._url = url
        self._tell = tell
        self._together = together
        self._began = time.monotonic()
        self._lock = threading.Lock()
        #: Changes of verdicts, oldest first.
        self._changes: list[Seen] = []
        #: Every answer's rows, for what is asked afterwards.
        self._all: list[Seen] = []
        self._incidents: list[tuple[float, Mapping[str, Any]]] = []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Return seconds since the story began."""
        return time.monotonic() - self._began

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join(30)

    def first(self, since: float, matches: Callable[[Seen], bool]) -> Seen | None:
        """Return the first answer at or after ``since`` (s) that matches."""
        return next((row for row in self.since(since) if matches(row)), None)

    def since(self, since: float = 0.0) -> list[Seen]:
        """Return all that was said at or after ``since`` (s)."""
        with self._lock:
            return [row for row in self._all if row.at >= since]

    def changes(self) -> list[Seen]:
        """Return every change of a daemon's verdicts, oldest first."""
        with self._lock:
            return list(self._changes)

    def incidents(self, since: float = 0.0) -> list[tuple[float, Mapping[str, Any]]]:
        """Return (time, incident of several daemons) of every answer, oldest first."""
        with self._lock:
            return [incident for incident in self._incidents if incident[0] >= since]

    def _run(self) -> None:
        last: dict[str, Seen] = {}
        known: set[str] = set()
        while not self._closed.wait(PERIOD):
            try:
                body = get(f"{self._url}/api/v1/daemons")
            except OSError:
                continue  # the page restarts, or the machine is busy: ask again
            at = self.now()
            rows = [
                Seen(at, row["service"], row["state"], tuple(row["verdicts"]), row["text"], row)
                for row in body["daemons"]
            ]
            with self._lock:
                self._incidents.extend((at, incident) for incident in body["incidents"])
                self._all.extend(rows)
            for row in rows:
                before = last.get(row.service)
                if before is None or (before.state, before.verdicts) != (row.state, row.verdicts):
                    with self._lock:
                        self._changes.append(row)
                    self._tell(row, before)
                last[row.service] = row
            now = {incident["id"]: incident for incident in body["incidents"]}
            for name in now.keys() - known:
                self._together(at, now[name])
            known = set(now)
