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
    controller, terminal = pty.openpty()
    fcntl.ioctl(controller, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(terminal)
    command = [sys.executable, "-m", "collectd_fedmsg.cli", "top",
               "--endpoints", f"{short_folder}/*.sock"]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.set_blocking(controller, False)
    output = bytearray()

    def is_drawn() -> bool:
        assert process.poll() is None, output
        try:
            output.extend(os.read(controller, 65536))
        except BlockingIOError:
            return False
        return b"hub/Archiver" in output and b"BACKLOG" in output

    try:
        wait_for("it is drawn", is_drawn)
        os.write(controller, b"q")
        wait_for("it has ended", lambda: _ended(process, controller, output))
        assert process.returncode == 0
        assert output.startswith(b"\x1b[?1049h"), "on the other screen"
        assert b"\x1b[?1049l" in output, "and back"
        assert termios.tcgetattr(terminal) == before
    finally:
        process.kill()
        process.wait(60)
        responder.stop()
        os.close(controller)
        os.close(terminal)


def _ended(process: subprocess.Popen[bytes], controller: int, output: bytearray) -> bool:
    try:
        output.extend(os.read(controller, 65536))
    except BlockingIOError:
        return process.poll() is not None
    return False


def test_into_a_pipe(short_folder: Path) -> None:
    """One table; exit code 1 without a daemon."""
    done = subprocess.run(
        [sys.executable, "-m", "collectd_fedmsg.cli", "top", "--endpoints", f"{short_folder}/*"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "doctor" in done.stdout
