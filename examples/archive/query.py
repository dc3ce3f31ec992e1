"""The query API of the archive: ``/raw``, ``/charts`` and ``/export``.

What is behind it may be one table, partitions or another server: the addresses stay the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psycopg

#: The newest messages of the last day.
RAW = """SELECT msg_id, topic, sent::text FROM messages WHERE sent > now() - interval '1 day'
ORDER BY sent DESC LIMIT 20"""
#: Messages by category of the last month.
CHARTS = """SELECT category, count(*), max(sent)::text FROM messages
WHERE sent > now() - interval '30 days' GROUP BY category ORDER BY 2 DESC"""
PAGES = {"/raw": RAW, "/charts": CHARTS}
#: Everything, for a copy of the archive; the cursor lives as long as the reader reads.
EXPORT = "SELECT msg_id, topic, sent::text FROM messages"
AT_ONCE = 200


class Query(BaseHTTPRequestHandler):
    """Answers one request, over its own connection."""

    dsn = ""

    def do_GET(self) -> None:
        """Answer as JSON, a line each for the export."""
        path = urlsplit(self.path).path
        with psycopg.connect(self.dsn, connect_timeout=10) as connection:
            if path == "/export":
                with suppress(BrokenPipeError, ConnectionResetError):
                    self._begin()
                    for rows in exported(connection):
                        self.wfile.write(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
                return
            sql = PAGES.get(path)
            if sql is None:
                self.send_error(404, "/raw, /charts or /export")
                return
            rows = connection.execute(sql).fetchall()
        self._begin()
        self.wfile.write(json.dumps(rows).encode())

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be quiet: the story tells the times."""


def exported(connection: psycopg.Connection[Any]) -> Iterator[list[Any]]:
    """Yield all messages through a cursor on the server."""
    with connection.cursor(name="export") as cursor:
        cursor.execute(EXPORT)
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows


def main() -> None:
    """Serve on loopback until ended."""
    parser = argparse.ArgumentParser(prog="python -m examples.archive.query", description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    Query.dsn = options.dsn
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Query)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
