"""Which topics get separate series: a bounded number for the life of the data folder.

Each topic is up to three files that stay, so topics with an id in them would fill the disk. A
consumer's first ``FIRST_TOPICS`` have series at once; a later one when it has been among the
reported for ``MIN_SAMPLES`` samples, until there are ``MAX_TOPICS``. Names are kept over
restarts. Topics without a series are counted under "other".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..files import atomic_write, read_file
from ..protocol.sample import OTHER

#: Topics of one consumer that have separate series, besides "other".
MAX_TOPICS = 60
#: Of these, how many are taken without waiting.
FIRST_TOPICS = 40
#: Samples in which a later topic was reported: five minutes at the default interval.
MIN_SAMPLES = 30
#: Topics of one consumer whose samples are counted; beyond, counting begins again.
MAX_CANDIDATES = 500
#: Bytes of a file of them.
MAX_BYTES = 64 << 20

Consumer = tuple[str, str, str]


class TopicNames:
    """The topics with series, by (host, service, consumer)."""

    def __init__(self) -> None:
        self._names: dict[Consumer, set[str]] = {}
        self._candidates: dict[Consumer, dict[str, int]] = {}
        self._changed = False

    def note(self, consumer: Consumer, topics: Iterable[str]) -> set[str]:
        """Note the topics of one sample; return those of the consumer that have series."""
        names = self._names.setdefault(consumer, set())
        for topic in topics:
            if topic in names or topic == OTHER or len(names) >= MAX_TOPICS:
                continue
            if len(names) >= FIRST_TOPICS and self._count(consumer, topic) < MIN_SAMPLES:
                continue
            names.add(topic)
            self._changed = True
        return names

    def _count(self, consumer: Consumer, topic: str) -> int:
        counts = self._candidates.setdefault(consumer, {})
        if len(counts) >= MAX_CANDIDATES and topic not in counts:
            counts.clear()
        counts[topic] = counts.get(topic, 0) + 1
        return counts[topic]

    def save(self, path: Path) -> None:
        """Write the names when they have changed, whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        if not self._changed:
            return
        rows = [[*consumer, sorted(names)] for consumer, names in self._names.items() if names]
        atomic_write(path, json.dumps(rows).encode("utf-8"))
        self._changed = False

    def load(self, path: Path) -> None:
        """Read back what was saved; nothing without a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not one of ours.
        """
        try:
            rows = json.loads(read_file(path, MAX_BYTES, ours=True))
            names = {
                (str(host), str(service), str(consumer)): set(map(str, topics[:MAX_TOPICS]))
                for host, service, consumer, topics in rows
            }
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
        self._names = names
