"""A real HTTP server that keeps what it is sent, and can refuse or interrupt."""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable


class Receiver:
    """Listens on loopback; ``answer(headers, body)`` returns the status of each request."""

    def __init__(self, answer: Callable[[dict[str, str], bytes], int] = lambda *_: 200) -> None:
        #: (headers, body, status) of every request, in order.
        self.requests: list[tuple[dict[str, str], bytes, int]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): text for name, text in self.headers.items()}
                status = answer(headers, body)
                receiver.requests.append((headers, body, status))
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # the sender was killed

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(60)
        self._server.server_close()

    def accepted(self) -> list[dict[str, Any]]:
        """Return the bodies that were answered 2xx, in order, as JSON."""
        return [json.loads(body) for _, body, status in list(self.requests) if status < 300]


def file_options(folder: Path) -> argparse.Namespace:
    """Return the options of a command that name a folder of files."""
    return argparse.Namespace(
        config="", data_dir=str(folder), rrdcached=None, prometheus=None, interval=None
    )
