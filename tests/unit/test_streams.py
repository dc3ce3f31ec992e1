"""A command whose standard streams are closed or lost: one line at most, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from examples.chain import ROOT

CLI = [sys.executable, "-m", "collectd_fedmsg.cli"]
PAGE = [sys.executable, "-m", "collectd_fedmsg_dashboard.serve"]
FULL, CLOSED, BROKEN = "exec >/dev/full", "exec <&- >&- 2>&-", "exec > >(exit 0); wait $!"


@pytest.mark.parametrize(
    ("lost", "arguments", "code", "buffered"),
    [
        pytest.param(FULL, [*CLI, "config"], 2, True, id="full"),
        pytest.param(FULL, [*CLI, "check", "--help"], 3, True, id="full-help"),
        pytest.param(FULL, [*CLI, "check", "nonsense"], 3, False, id="full-unbuffered"),
        pytest.param(CLOSED, [*CLI, "config"], 0, True, id="closed"),
        pytest.param("exec 2>/dev/full", [*CLI, "config", "-x"], 2, True, id="full-errors"),
        pytest.param(BROKEN, [*CLI, "config"], 141, True, id="broken-pipe"),
        pytest.param("exec <&-", [*PAGE, "--hash-password"], 2, True, id="no-password"),
    ],
)
def test_a_lost_stream_is_no_traceback(
    lost: str, arguments: list[str], code: int, buffered: bool
) -> None:
    """Python's own complaint at its end, and exit code 120, would come besides."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    ended = subprocess.run(
        ["bash", "-c", f'{lost}; exec "$@"', "bash", *arguments],
        check=False, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    assert ended.stderr.count("\n") <= 1, ended.stderr
    assert ended.returncode == code
