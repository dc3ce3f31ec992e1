"""Prometheus' HTTP API, bounded in time and size; knows no metric of ours."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from collectd_fedmsg.errors import StoreError

from .. import json_bytes as as_json
from .base import Selector

#: Seconds for one answer.
PATIENCE = 10.0
#: Bytes of one answer.
MOST_BYTES = 64 * 1024 * 1024
#: Steps asked for at once: Prometheus refuses more than 11,000, VictoriaMetrics 30,000.
MOST_STEPS = 10_000
Labels = frozenset[tuple[str, str]]


def quoted(text: str) -> str:
    """Return a PromQL string: a name is data, whatever it holds."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def selector(one: Selector, *more: str) -> str:
    """Return a series' selector in PromQL, further matchers added."""
    sign = "=~" if one.pattern else "="
    matchers = [f"__name__{sign}{quoted(one.name)}"]
    matchers += [f"{name}={quoted(value)}" for name, value in one.labels]
    return f"{{{','.join((*matchers, *more))}}}"


class Server:
    """One server; every method raises StoreError when it cannot answer in time."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def series(self, matcher: str, seconds: int) -> list[dict[str, str]]:
        """Return the label sets with samples in the last ``seconds``."""
        now = time.time()
        found: list[dict[str, str]] = self._get("series", {
            "match[]": matcher, "start": f"{now - seconds:.0f}", "end": f"{now:.0f}"})
        return found

    def query(self, query: str) -> dict[Labels, float]:
        """Return an instant vector by labels, the name left out."""
        answer = self._get("query", {"query": query})
        return {_labels(one["metric"]): float(one["value"][1]) for one in answer["result"]}

    def range(self, query: str, start: int, end: int, step: int) -> dict[Labels, dict[int, float]]:
        """Return by labels the values by epoch seconds."""
        found: dict[Labels, dict[int, float]] = {}
        for first in range(start, end + 1, MOST_STEPS * step):
            last = min(end, first + (MOST_STEPS - 1) * step)
            answer = self._get("query_range", {"query": query, "start": str(first),
                                               "end": str(last), "step": str(step)})
            for one in answer["result"]:
                found.setdefault(_labels(one["metric"]), {}).update(
                    (round(float(t)), float(v)) for t, v in one["values"]
                    if v not in ("NaN", "+Inf", "-Inf"))
        return found

    def _get(self, what: str, arguments: dict[str, str]) -> Any:
        where = f"{self._address}/api/v1/{what}"
        # The address is the administrator's and checked to be http; POST has no limit of length.
        request = urllib.request.Request(where, urllib.parse.urlencode(arguments).encode())  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
                body = response.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            text = error.read(300).decode("utf-8", "replace")
            raise StoreError(f"{where}: {error.code}: {text}") from error
        except (OSError, ValueError) as error:
            raise StoreError(f"{where}: {error}") from error
        if len(body) > MOST_BYTES:
            raise StoreError(f"{where}: more than {MOST_BYTES} bytes")
        try:
            answer = as_json.loads(body)
            return answer["data"]
        except (as_json.JSONDecodeError, KeyError, TypeError) as error:
            raise StoreError(f"{where}: no Prometheus answers there") from error


def _labels(metric: dict[str, str]) -> Labels:
    return frozenset((name, value) for name, value in metric.items() if name != "__name__")
