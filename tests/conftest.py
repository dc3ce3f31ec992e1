"""What all tests share."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# How long an example takes is the machine's business: no timed assertion in the tests.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Figure = Callable[[str, str], None]
#: What rows of the table of figures are known by in a test's report.
NAME = "figure"


class OneBrokerScheduling(LoadFileScheduling):
    """A file's tests run in one process; so do all that share the broker, which starts once."""

    def _split_scope(self, nodeid: str) -> str:
        shared = "tests/integration/rabbitmq/"
        return shared if nodeid.startswith(shared) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrokerScheduling | None:
    """Schedule by file where that is asked for."""
    return OneBrokerScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for sockets (108 bytes, unix(7))."""
    folder = Path(tempfile.mkdtemp(prefix="cf"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def artifacts() -> Path:
    """Return the folder for what a test wants to show afterwards."""
    folder = ROOT / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Return what puts a row into the table: the fault, what came of it."""

    def put(fault: str, came: str) -> None:
        # With the test's report, which reaches the process that prints whoever ran the test.
        request.node.user_properties.append((NAME, [fault, came]))

    return put


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    ended = [one for state in ("passed", "failed") for one in terminalreporter.stats.get(state, [])]
    rows = [
        value
        for report in ended
        if report.when == "call"
        for name, value in report.user_properties
        if name == NAME
    ]
    if rows:
        terminalreporter.section("figures: faults, load")
        width = max(len(fault) for fault, _ in rows)
        for fault, came in rows:
            terminalreporter.write_line(f"{fault:<{width}}  {came}")
