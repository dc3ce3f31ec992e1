"""A service that answers each line until it is switched off."""

from __future__ import annotations

import socketserver
import threading


class Remote:
    """Answers lines on a loopback port; some of the next, or all, can be left without an answer."""

    def __init__(self) -> None:
        remote = self
        self._lock = threading.Lock()
        #: How many of the next questions get no answer, and what releases those who wait.
        self._victims = 0
        self._released = threading.Event()

        class Answering(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for _ in self.rfile:
                    remote._wait_if_victim()
                    self.wfile.write(b"ok\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Answering)
        threading.Thread(target=self._server.serve_forever, name="remote", daemon=True).start()

    @property
    def port(self) -> int:
        """The loopback port that it answers on."""
        return int(self._server.server_address[1])

    def leave_waiting(self, number: int) -> None:
        """Give the next ``number`` questions no answer until ``revive``."""
        with self._lock:
            self._victims = number

    def revive(self) -> None:
        """Answer everybody, those who wait too."""
        with self._lock:
            self._victims = 0
            released, self._released = self._released, threading.Event()
        released.set()

    def close(self) -> None:
        """Answer everybody and listen no more."""
        self.revive()
        self._server.shutdown()
        self._server.server_close()

    def _wait_if_victim(self) -> None:
        with self._lock:
            if not self._victims:
                return
            self._victims -= 1
            released = self._released
        released.wait()
