"""Prometheus' HTTP API, bounded in time and size; knows no metric of ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import OK
from typing import Any, TypeVar
from urllib.parse import urlencode

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.http_client import exchange
from collectd_fedmsg.http_link import ExchangeError
from collectd_fedmsg.names import printable

from .. import json_bytes as as_json
from .base import Selector

#: Seconds for one exchange as a whole.
TIMEOUT_SECONDS = 10.0
#: Bytes of one answer.
MAX_BYTES = 64 * 1024 * 1024
#: Steps asked for at once: Prometheus refuses more than 11,000, VictoriaMetrics 30,000.
MAX_STEPS = 10_000
Labels = frozenset[tuple[str, str]]
Answer = TypeVar("Answer")


def quoted(text: str) -> str:
    """Return a PromQL string: a name is data, whatever it holds."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def selector(chosen: Selector, *more: str) -> str:
    """Return a series' selector in PromQL, further matchers added."""
    sign = "=~" if chosen.pattern else "="
    matchers = [f"__name__{sign}{quoted(chosen.name)}"]
    matchers += [f"{name}={quoted(value)}" for name, value in chosen.labels]
    return f"{{{','.join((*matchers, *more))}}}"


class Server:
    """One server; every method raises StoreError when it cannot answer in time.

    Args:
        address: e.g. ``http://127.0.0.1:9090``.
        token: shown as a bearer; empty: none.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self._address = address.rstrip("/")
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def series(self, matcher: str, seconds: int) -> list[dict[str, str]]:
        """Return the label sets with samples in the last ``seconds``."""
        now = time.time()
        return self._ask(
            "series",
            {"match[]": matcher, "start": f"{now - seconds:.0f}", "end": f"{now:.0f}"},
            lambda data: [
                {str(name): str(value) for name, value in labels.items()} for labels in data
            ],
        )

    def query(self, query: str) -> dict[Labels, float]:
        """Return an instant vector by labels, the name left out."""
        return self._ask(
            "query",
            {"query": query},
            lambda data: {
                _labels(each["metric"]): float(each["value"][1]) for each in data["result"]
            },
        )

    def range(self, query: str, start: int, end: int, step: int) -> dict[Labels, dict[int, float]]:
        """Return by labels the values by epoch seconds; NaN is left out, it is no number."""
        values_by_labels: dict[Labels, dict[int, float]] = {}
        for first in range(start, end + 1, MAX_STEPS * step):
            last = min(end, first + (MAX_STEPS - 1) * step)
            part = self._ask(
                "query_range",
                {"query": query, "start": str(first), "end": str(last), "step": str(step)},
                _matrix,
            )
            for labels, values in part.items():
                values_by_labels.setdefault(labels, {}).update(values)
        return values_by_labels

    def _ask(self, what: str, arguments: dict[str, str], read: Callable[[Any], Answer]) -> Answer:
        """Return what ``read`` makes of an answer's data; anything unexpected is a StoreError."""
        where = f"{self._address}/api/v1/{what}"
        try:
            # POST: an address has a limit of length.
            answer = exchange(
                where,
                method="POST",
                body=urlencode(arguments).encode(),
                headers=self._headers,
                timeout=TIMEOUT_SECONDS,
                max_bytes=MAX_BYTES,
            )
        except ExchangeError as error:
            raise StoreError(f"{where}: {error}") from error
        if answer.status != OK:
            raise StoreError(f"{where}: {answer.status}: {answer.excerpt()}")
        try:
            body = as_json.loads(answer.body)
            partial = _partial(body)
            if not partial:
                return read(body["data"])
        except (
            as_json.JSONDecodeError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            ValueError,
            OverflowError,
            RecursionError,
        ) as error:
            raise StoreError(f"{where}: no Prometheus answers there") from error
        raise StoreError(f"{where}: a partial answer: {printable(partial[:300])}")


def _partial(body: Any) -> str:
    """Return why an answer is not whole; empty when it is.

    Thanos and Mimir warn of stores that did not answer, VictoriaMetrics sets ``isPartial``.
    Warnings that begin with PromQL are about the query, not about missing series.
    """
    if body.get("status", "success") != "success":
        return str(body.get("error", body["status"]))
    if body.get("isPartial"):
        return "some of its storage nodes did not answer"
    return next(
        (
            str(warning)
            for warning in body.get("warnings") or ()
            if not str(warning).startswith("PromQL")
        ),
        "",
    )


def _matrix(data: Any) -> dict[Labels, dict[int, float]]:
    return {
        _labels(each["metric"]): {
            round(float(at)): float(value) for at, value in each["values"] if value != "NaN"
        }
        for each in data["result"]
    }


def _labels(metric: dict[str, str]) -> Labels:
    return frozenset((name, value) for name, value in metric.items() if name != "__name__")
