"""EDGE PostgreSQL: let an archive age: it grows, and old rows are rewritten with no vacuum."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from examples.archive import schema
from examples.story.stage import Stage

#: Rows of the archive at the beginning.
BEFORE = 10_000
#: Rows that come each year.
GROWN = 500


class Ageing:
    """Years of an archive in seconds."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.years = 0

    def fill(self) -> None:
        """Let it have been there for a while."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(schema.PAST, [BEFORE])
            connection.execute("ANALYZE messages")

    def year(self, part: int) -> None:
        """Let a year go by: rows come, and a job rewrites one in ``part`` of the old ones."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(schema.PAST, [GROWN])
            connection.execute(
                "UPDATE messages SET category = category "
                "WHERE id %% %s = %s AND msg_id LIKE 'past-%%'",
                [part, self.years % part])
        self.years += 1

    def size(self) -> tuple[int, int]:
        """Return the table's rows and its size in MB."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            row: Any = connection.execute(
                "SELECT count(*), (SELECT sum(pg_table_size(c.oid)) FROM pg_class c "
                "WHERE c.relname LIKE 'messages%' AND c.relkind = 'r') FROM messages").fetchone()
        return int(row[0]), int(row[1]) // 1_000_000


def service_time(stage: Stage, seconds: int = 5) -> float:
    """Return the archiver's mean service time (s) of the last seconds; 0 when nothing ended."""
    found = stage.series("archiver", "busy", "processed", start=int(time.time()) - seconds - 2)
    pairs = [(b, p) for b, p in zip(found["busy"], found["processed"])
             if b is not None and p is not None][-seconds:]
    ended = sum(p for _, p in pairs)
    return sum(b for b, _ in pairs) / 1e6 / ended if ended else 0.0
