"""Send requests to several peers at once, one each, and wait no longer than a round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

MAX_THREADS = 16
Answer = TypeVar("Answer")


class Questions(Generic[Answer]):
    """Questions to ``peers`` peers on threads of their own.

    A question that is not answered in one round is not asked again until it is: its answer is
    taken in a later round.
    """

    def __init__(self, peers: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(min(MAX_THREADS, max(1, peers)), name)
        self._open: dict[str, Future[Answer]] = {}

    def ask(
        self, questions: Mapping[str, Callable[[], Answer]], timeout: float
    ) -> tuple[dict[str, Answer], dict[str, Exception], list[str]]:
        """Return answers, what was raised, and who is silent, within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        for peer, question in questions.items():
            if peer not in self._open:
                self._open[peer] = self._pool.submit(question)
        wait(self._open.values(), max(0.0, deadline - time.monotonic()))
        answers: dict[str, Answer] = {}
        raised: dict[str, Exception] = {}
        for peer in [peer for peer, future in self._open.items() if future.done()]:
            future = self._open.pop(peer)
            error = future.exception()
            if isinstance(error, Exception):
                raised[peer] = error
            elif error is None:
                answers[peer] = future.result()
        return answers, raised, list(self._open)

    def close(self) -> None:
        """Let no new question begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)
