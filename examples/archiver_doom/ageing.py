"""Let an archive age: it grows, and old rows are rewritten with no vacuum."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from examples.archive import schema
from examples.story.stage import Stage
from examples.story.times import service_time

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
                [part, self.years % part],
            )
        self.years += 1

    def size(self) -> tuple[int, int]:
        """Return the table's rows and its size in MB."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            row: Any = connection.execute(
                "SELECT count(*), (SELECT sum(pg_table_size(c.oid)) FROM pg_class c "
                "WHERE c.relname LIKE 'messages%' AND c.relkind = 'r') FROM messages"
            ).fetchone()
        return int(row[0]), int(row[1]) // 1_000_000


def lately(stage: Stage, seconds: int = 5) -> float:
    """Return the archiver's mean service time (s) of the last seconds; 0 when nothing ended."""
    # The last two are on their way to the store.
    return service_time(stage, "archiver", int(time.time()) - seconds - 2)
