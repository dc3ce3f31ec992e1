"""Hostile frames found by coverage, and the ones kept of them, against a second reading."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectd_fedmsg.errors import DecodeError
from collectd_fedmsg.protocol import frames, wire
from collectd_fedmsg.reader import cursors
from examples.chain import ROOT
from tests.conftest import Figure
from tests.faults.fuzz import resident
from tests.faults.played import play

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
GROWTH = 5_000_000
COUNT = 1_000_000


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_kept_frames(path: Path) -> None:
    """Both ends take what the protocol admits, refuse the rest, and dispatch the row's numbers."""
    outcome = play(path.read_bytes())
    assert outcome.taken + outcome.refused > 0


def test_the_kept_ones_try_everything() -> None:
    """Some are taken, some refused, some dispatched: none of that is tested on nothing."""
    outcomes = [play(path.read_bytes()) for path in CORPUS]
    assert min(sum(getattr(outcome, name) for outcome in outcomes)
               for name in ("taken", "refused", "dispatched")) > 40  # fmt: skip


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        pytest.param(cursors, "_implausible", lambda *_: "", id="a-total-may-shrink"),
        pytest.param(wire, "number", lambda _f, _n, value, *_, **__: value, id="any-number"),
        pytest.param(frames, "VERSION", 2, id="another-version"),
        pytest.param(wire, "decode_row", lambda *_: 1 / 0, id="a-crash"),
    ],
)
def test_a_mistake_is_found(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, broken: object
) -> None:
    """With one check broken, the kept frames tell."""
    monkeypatch.setattr(module, name, broken)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        for path in CORPUS:
            play(path.read_bytes())


def test_a_hundred_megabytes() -> None:
    """Refused for its length alone, by both ends, with no copy made of it."""
    frame = b"[" * 100_000_000
    before = resident()
    for decode in (wire.decode_request, wire.decode_reply):
        with pytest.raises(DecodeError, match="longer than"):
            decode(frame)
    assert resident() - before < GROWTH


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_coverage_guided(tmp_path: Path, figure: Figure) -> None:
    """A million executions: no crash, nothing taken or dispatched but what is admitted."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not to be had for this Python: `make soak` says why")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.guided", str(COUNT), "1", str(tmp_path)], cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, timeout=3500,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["executions"] == COUNT
    assert min(outcome["taken"], outcome["refused"], outcome["dispatched"]) > COUNT / 10
    assert outcome["grown"] < GROWTH
    figure(
        f"{COUNT:,} executions guided by coverage, {outcome['seconds']} s",
        f"0 crashes, 0 wrong dispatches; {outcome['taken']:,} frames taken, {outcome['refused']:,}"
        f" refused, {outcome['dispatched']:,} values compared;"
        f" memory {outcome['grown'] / 1e6:+.1f} MB",
    )
