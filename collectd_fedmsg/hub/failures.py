"""What fails: exceptions by topic, class and place, as totals; never their texts.

moksha catches what ``consume`` raises and logs it; a filter of that log sees the exception at no
cost for messages that go well. Other exceptions pass through ``count_direct``, which calls
``note``.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from ..protocol.evidence import Failure
from ..protocol.sample import OTHER
from .code_names import raised_at
from .thread_counts import ThreadCounts, add_up_failures

#: Different failures that one thread counts, and those that a sample names.
MAX_KINDS, REPORTED = 64, 12


def note(own: ThreadCounts, error: BaseException | type[BaseException], topic: Any = None) -> None:
    """Count an exception of a message, by default the one in hand; called on the thread itself."""
    kind = error if isinstance(error, type) else type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    topic = own.topic if topic is None else topic
    places = "" if isinstance(error, type) else raised_at(error.__traceback__)
    key = (topic if isinstance(topic, str) else OTHER, name, places)
    if key not in own.failures and len(own.failures) >= MAX_KINDS:
        key = (OTHER, OTHER, "")
    now = time.time()
    count, first, _ = own.failures.get(key, (0, now, now))
    own.failures[key] = (count + 1, first, now)


def report(by_thread: Iterable[ThreadCounts], known: Any) -> tuple[Failure, ...]:
    """Return the failures of all threads, the newest first.

    ``known``: returns the name that a topic is counted under.
    """
    totals = add_up_failures(own.failures.copy() for own in by_thread)
    newest = sorted(totals.items(), key=lambda item: item[1][2], reverse=True)[:REPORTED]
    return tuple(
        Failure(known(topic), kind, places, *values) for (topic, kind, places), values in newest
    )


class FailureFilter(logging.Filter):
    """Lets every record pass, and counts the exceptions that moksha logs.

    Args:
        all_counts: the accounts of the consumers; which one it is the thread knows.
    """

    def __init__(self, all_counts: Sequence[Any]) -> None:
        super().__init__()
        self._all_counts = all_counts

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True; called on the thread that logs."""
        try:
            if record.funcName == "_do_work":
                error = sys.exc_info()[1]
                owns = (counts.in_this_thread() for counts in self._all_counts)
                own = next((own for own in owns if own is not None), None)
                if error is not None and own is not None:
                    note(own, error)
        except Exception:  # noqa: S110 - a filter that raised would change the daemon's log
            pass
        return True
