"""No text from outside makes a pattern of ours backtrack for long (ReDoS)."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from examples.chain import ROOT
from tests.conftest import Figure


def attacked(seconds: int, *one: str) -> subprocess.CompletedProcess[str]:
    """Attack all of our patterns, or one, in a process with so many seconds of processor time."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.backtracking", str(seconds), *one], cwd=ROOT,
        capture_output=True, text=True, timeout=170, check=False)  # fmt: skip


def test_ours_do_not(figure: Figure) -> None:
    """All together need less than one quadratic one would."""
    done = attacked(20)
    assert done.returncode == 0, done.stderr[-2000:]
    patterns, texts = map(int, done.stdout.split())
    assert patterns > 20
    figure("ReDoS", f"{patterns} patterns, all routes × {texts:,} texts of 50,000 characters:"
           " each in linear time")  # fmt: skip


@pytest.mark.parametrize(
    ("method", "pattern"),
    [
        pytest.param("fullmatch", r"(a+)+b", id="exponential"),
        pytest.param("sub", r"\s+$", id="quadratic"),
    ],
)
def test_one_that_does_is_found(method: str, pattern: str) -> None:
    assert attacked(1, method, pattern).returncode == -signal.SIGXCPU
