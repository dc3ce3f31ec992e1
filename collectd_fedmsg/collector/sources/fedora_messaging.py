"""Services of fedora-messaging, read from their monitor's ``/ready`` over HTTP.

Its ``consumed`` totals only grow. A message is received when the callback gets it and ended when
that returned or raised; what waits is on the broker. Where the broker's queue of the same service
is read as well, the monitor adds only what the broker cannot know.
"""

from __future__ import annotations

import http.client
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ...http_client import exchange
from ..replicas import ReplicaSum, beside_counts, beside_queue
from .base import CONSUMER, PartialSample, SampleOrigin, SourceRound, whole
from .questions import Questions

MAX_ANSWER = 64 * 1024


class FedoraMessagingSource:
    """Ask services over HTTP.

    Args:
        endpoints: ``http://host:port`` → service; several of one service are its replicas.
        interval: seconds between rounds, for the stored series.
        has_queue: whether a broker's queue has the service's name; None while that is not known.
            Without it no broker is read.
        counts_inside: whether a service is counted from inside as well.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        interval: float,
        has_queue: Callable[[str], bool | None] | None = None,
        counts_inside: Callable[[str], bool] = lambda _service: False,
    ) -> None:
        self._endpoints = endpoints
        self._interval = interval
        self._has_queue = has_queue
        self._counts_inside = counts_inside
        self._questions: Questions[bytes] = Questions(len(endpoints), "fedora_messaging")
        self._replicas: dict[str, list[str]] = defaultdict(list)
        for endpoint, service in endpoints.items():
            self._replicas[service].append(endpoint)
        self._sums = {
            service: ReplicaSum(CONSUMER)
            for service, replicas in self._replicas.items()
            if len(replicas) > 1
        }

    def collect(self, timeout: float, now: float) -> SourceRound:
        """Return each service's totals; one that does not answer within ``timeout`` s is silent."""
        harvested = SourceRound()
        answers, raised, harvested.silent = self._questions.ask(
            {endpoint: partial(fetch, endpoint, timeout) for endpoint in self._endpoints}, timeout
        )
        for endpoint, error in raised.items():
            harvested.silent.append(endpoint)
            harvested.errors[endpoint] = f"{type(error).__name__}: {error}"
        samples: dict[str, PartialSample] = {}
        for endpoint, body in answers.items():
            harvested.octets += len(body)
            try:
                samples[endpoint] = read(body, now)
            except (ValueError, TypeError, KeyError, RecursionError) as wrong:
                harvested.errors[endpoint] = f"not a fedora-messaging monitor: {wrong!r:.100}"
        for service, replicas in self._replicas.items():
            rows = self._row(
                service, [replica for replica in replicas if replica in samples], samples, now
            )
            if self._counts_inside(service):
                rows = [beside_counts(row) for row in rows]
            elif self._has_queue is not None and self._has_queue(service) is not False:
                rows = [beside_queue(row) for row in rows]
            if rows:
                harvested.fresh.append((replicas[0], SampleOrigin(service, self._interval), rows))
            if len(replicas) > 1:
                harvested.notes[service] = f"{len(replicas)} monitors are one row, their sum"
        return harvested

    def close(self) -> None:
        """Let no new question begin."""
        self._questions.close()

    def _row(
        self, service: str, heard: Sequence[str], samples: Mapping[str, PartialSample], now: float
    ) -> list[PartialSample]:
        total = self._sums.get(service)
        if total is None:
            return [samples[endpoint] for endpoint in heard]
        for endpoint in heard:
            total.add(endpoint, [samples[endpoint]])
        return total.take(heard, now)


def fetch(endpoint: str, timeout: float) -> bytes:
    """Return the body of ``/ready``, within ``timeout`` seconds.

    Raises:
        OSError: no answer, one too slow or too long.  ValueError: it is not 200.
    """
    answer = exchange(f"{endpoint}/ready", timeout=timeout, max_bytes=MAX_ANSWER)
    if answer.status != http.client.OK:
        raise ValueError(f"answers {answer.status}")
    return answer.body


def read(body: bytes, now: float) -> PartialSample:
    """Return the sample in a monitor's answer.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    totals: dict[str, Any] = json.loads(body)
    received, processed, dropped, rejected, failed = (
        whole(totals["consumed"][key])
        for key in ("received", "processed", "dropped", "rejected", "failed")
    )
    consuming = totals.get("consuming")
    ended = processed + dropped + rejected + failed
    return PartialSample(
        CONSUMER,
        now,
        received=received,
        processed=ended,
        failed=rejected + failed,
        in_progress=max(0, received - ended),
        consuming=int(consuming) if isinstance(consuming, bool) else None,
        observable=False,
    )
