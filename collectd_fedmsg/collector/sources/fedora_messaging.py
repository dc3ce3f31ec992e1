"""EDGE http: services of fedora-messaging, read from their monitor's ``/ready``.

Its ``consumed`` totals only grow. A message is received when the service gets it and ended
when its callback returned or raised; what waits is on the broker, so no backlog is told here.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import urlsplit

from .base import PartialSample, SampleOrigin, SourceRound, whole

MAX_ANSWER = 64 * 1024
THREADS = 16
#: The consumer's name in the stored series: the monitor does not tell the callback's.
CONSUMER = "Consumer"


class FedoraMessagingSource:
    """Ask services over HTTP; ``endpoints``: ``http://host:port`` → service.

    Args:
        interval: seconds between rounds, for the stored series.
    """

    def __init__(self, endpoints: Mapping[str, str], interval: float) -> None:
        self._endpoints = endpoints
        self._interval = interval
        self._pool = ThreadPoolExecutor(min(THREADS, max(1, len(endpoints))), "fedora_messaging")
        self._open: dict[str, Future[bytes]] = {}

    def collect(self, timeout: float, now: float) -> SourceRound:
        """Return each service's totals; one that does not answer within ``timeout`` s is silent."""
        found = SourceRound()
        deadline = time.monotonic() + timeout
        for endpoint in self._endpoints:
            if endpoint not in self._open:  # at most one open question each
                self._open[endpoint] = self._pool.submit(fetch, endpoint, timeout)
        wait(self._open.values(), max(0.0, deadline - time.monotonic()))
        for endpoint, future in list(self._open.items()):
            if not future.done():
                found.silent.append(endpoint)
                continue
            del self._open[endpoint]
            try:
                body = future.result()
                found.octets += len(body)
                sample = read(body, now)
                origin = SampleOrigin(self._endpoints[endpoint], self._interval)
                found.fresh.append((endpoint, origin, [sample]))
            except (OSError, http.client.HTTPException) as error:
                found.silent.append(endpoint)
                found.errors[endpoint] = f"{type(error).__name__}: {error}"
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                found.errors[endpoint] = f"not a fedora-messaging monitor: {error!r:.100}"
        return found

    def close(self) -> None:
        """Let no new question begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def fetch(endpoint: str, timeout: float) -> bytes:
    """Return the body of ``/ready``, in about ``timeout`` seconds whatever the peer does.

    Raises:
        OSError: no answer, or one too slow.  ValueError: one too long, or not 200.
    """
    deadline = time.monotonic() + timeout
    address = urlsplit(endpoint)
    peer = http.client.HTTPConnection(str(address.hostname), address.port, timeout=timeout)
    try:
        peer.request("GET", "/ready")
        answer = peer.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(f"answers {answer.status}")
        body = b""
        while chunk := answer.read1(MAX_ANSWER):
            body += chunk
            if len(body) > MAX_ANSWER:
                raise ValueError(f"more than {MAX_ANSWER} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")
        return body
    finally:
        peer.close()


def read(body: bytes, now: float) -> PartialSample:
    """Return the sample in a monitor's answer.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    consumed: dict[str, Any] = json.loads(body)["consumed"]
    received, processed, dropped, rejected, failed = (
        whole(consumed[key]) for key in ("received", "processed", "dropped", "rejected", "failed")
    )
    ended = processed + dropped + rejected + failed
    return PartialSample(CONSUMER, now, received=received, processed=ended,
                         failed=rejected + failed,
                         in_progress=max(0, received - ended), observable=False)  # fmt: skip
