"""Whatever keeps a daemon from listening: one clear log line, and the daemon runs on."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.commands.keys import make
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.reader.collect import latest
from examples.chain import ROOT
from examples.processes import wait_for

Case = Callable[[Path, contextlib.ExitStack], Settings]


def file_in_the_way(folder: Path, _: contextlib.ExitStack) -> Settings:
    (folder / "file").write_text("")
    return Settings("d", folder / "file")


def no_such_group(folder: Path, _: contextlib.ExitStack) -> Settings:
    return Settings("d", folder / "health", group="no-such-group")


def too_long(folder: Path, _: contextlib.ExitStack) -> Settings:
    return Settings("d", folder / ("x" * 100))


def path_in_use(folder: Path, stack: contextlib.ExitStack) -> Settings:
    occupant = stack.enter_context(socket.socket(socket.AF_UNIX))
    occupant.bind(str(socket_path(folder, "d", os.getpid())))
    occupant.listen()
    return Settings("d", folder)


def port_in_use(folder: Path, stack: contextlib.ExitStack) -> Settings:
    occupant = stack.enter_context(socket.socket())
    occupant.bind(("127.0.0.1", 0))
    occupant.listen()
    make(folder / "keys")
    endpoint = f"tcp://127.0.0.1:{occupant.getsockname()[1]}"
    return Settings("d", folder / "health", endpoint=endpoint, curve_keys=folder / "keys/daemon")


def no_keys(folder: Path, _: contextlib.ExitStack) -> Settings:
    return Settings("d", folder / "health", endpoint="tcp://127.0.0.1:1", curve_keys=folder / "no")


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as exit_stack:
        yield exit_stack


@pytest.mark.parametrize(("case", "says", "answers"), [
    (file_in_the_way, "is the folder there", False),
    (no_such_group, "is the folder there", False),
    (too_long, "longer than", False),
    (path_in_use, "is taken by another process", True),
    (port_in_use, "is the address free", True),
    (no_keys, "are the keys there", True),
], ids=lambda value: getattr(value, "__name__", None))  # fmt: skip
def test_one_line_and_the_daemon_runs_on(  # noqa: PLR0917
    case: Case,
    says: str,
    answers: bool,
    short_folder: Path,
    stack: contextlib.ExitStack,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What can be served is served; ``stop`` is quick either way."""
    caplog.set_level(logging.WARNING, "collectd_fedmsg")
    settings = case(short_folder, stack)
    responder = Responder(settings, lambda at: [Sample("C", at, 3, 2, 1, 0)])
    responder.start()
    try:
        wait_for("the log line", lambda: bool(caplog.records))
        if answers:
            wait_for(
                "its socket answers",
                lambda: bool(latest([f"{settings.run_folder}/d.*.sock"], 30.0, time.time()).fresh),
            )
    finally:
        responder.stop()
    assert [says in record.getMessage() for record in caplog.records] == [True], caplog.text
    assert "Traceback" not in caplog.text


def test_without_permission(short_folder: Path) -> None:
    """A daemon that may not write the folder says so once and does its work."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    short_folder.chmod(0o755)
    code = f"""
import logging, os, sys, threading
from pathlib import Path
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
logged = threading.Event()
class Handler(logging.StreamHandler):
    def emit(self, record):
        super().emit(record)
        logged.set()
logging.basicConfig(handlers=[Handler(sys.stdout)])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
responder = Responder(Settings("d", Path({str(short_folder / "health")!r})), lambda at: [])
responder.start()
logged.wait(60)
responder.stop()
print("worked on")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout + done.stderr
    assert "PermissionError" in lines[0]
    assert lines[1] == "worked on"
