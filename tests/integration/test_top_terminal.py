"""``collectd-fedmsg top`` in a real terminal: drawn, quit with a key, left as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from examples.chain import ROOT
from examples.processes import wait_for


def test_in_a_terminal(short_folder: Path) -> None:
    settings = Settings(service="hub", run_folder=short_folder, interval=1)
    responder = Responder(settings, lambda at: [Sample("Archiver", at, 12, 5, 6, 1)])
    responder.start()
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "collectd_fedmsg.cli", "top",
               "--endpoints", f"{short_folder}/*.sock"]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.set_blocking(ours, False)
    shown = bytearray()

    def drawn() -> bool:
        assert process.poll() is None, shown
        try:
            shown.extend(os.read(ours, 65536))
        except BlockingIOError:
            return False
        return b"hub/Archiver" in shown and b"BACKLOG" in shown

    try:
        wait_for("it is drawn", drawn)
        os.write(ours, b"q")
        wait_for("it has ended", lambda: _ended(process, ours, shown))
        assert process.returncode == 0
        assert shown.startswith(b"\x1b[?1049h"), "on the other screen"
        assert b"\x1b[?1049l" in shown, "and back"
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait(60)
        responder.stop()
        os.close(ours)
        os.close(theirs)


def _ended(process: subprocess.Popen[bytes], ours: int, shown: bytearray) -> bool:
    try:
        shown.extend(os.read(ours, 65536))
    except BlockingIOError:
        return process.poll() is not None
    return False


def test_into_a_pipe(short_folder: Path) -> None:
    """Once, and 1 when nobody is there."""
    done = subprocess.run(
        [sys.executable, "-m", "collectd_fedmsg.cli", "top", "--endpoints", f"{short_folder}/*"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "doctor" in done.stdout
