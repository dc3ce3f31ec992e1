"""Start real processes and stop every one of them, whatever happens to the parent."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # prctl(2): signal at the parent's death
#: Ports that are kept for those who asked for them; an older one is in use by then, or never was.
MAX_RESERVED = 64
_reserved: deque[socket.socket] = deque()


class Processes:
    """Named child processes with a log file each; stopped in reverse order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> int:
        """Start a process in a new session; return its pid."""
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, preexec_fn=_die_with_parent,  # noqa: PLW1509 - prctl only
            )  # fmt: skip
        self.running[name] = child
        return child.pid

    def stop(self, name: str, number: int = signal.SIGTERM, grace: float = 8.0) -> None:
        """Stop one process; kill it when it has not ended after ``grace`` seconds."""
        child = self.running.pop(name)
        for signum, seconds in ((number, grace), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
                return

    def stop_all(self, last: Sequence[str] = ("rrdcached",), grace: float = 6.0) -> None:
        """Stop all at once, then those that the others write to; kill what has not ended."""
        writers = [name for name in self.running if name not in last]
        for names in (writers, [name for name in self.running if name in last]):
            for name in names:
                with contextlib.suppress(ProcessLookupError):
                    self.running[name].send_signal(signal.SIGTERM)  # a hub ignores SIGINT
            deadline = time.monotonic() + grace
            for name in names:
                self.stop(name, 0, max(0.0, deadline - time.monotonic()))

    def check(self) -> None:
        """Raise RuntimeError when one has ended by itself; the end of its log is in the text."""
        for name, child in self.running.items():
            if child.poll() is not None:
                log = (self._logs / f"{name}.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{name} ended with {child.returncode}:\n{log}")


def wait_for(condition: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when ``ready()`` is true; raise TimeoutError with ``condition`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s not: {condition}")
        time.sleep(0.05)


def free_port() -> int:
    """Return a loopback port that is free and stays reserved for this process.

    A socket that is bound and does not listen reserves it: the kernel gives the port to no process
    that asks for any, and lets a server that sets SO_REUSEADDR, as servers do, listen there.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _reserved.append(holder)
    if len(_reserved) > MAX_RESERVED:
        _reserved.popleft().close()
    return int(holder.getsockname()[1])


def _die_with_parent() -> None:
    # A shell's background job ignores SIGINT, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
