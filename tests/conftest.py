"""What all tests share."""

from __future__ import annotations

import contextlib
import os
import re
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

#: What a test inherits from nobody: proxies (the tests' servers are on loopback), other settings of
#: the programs that they start, the language of what they print.
for _name in (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "RRDCACHED_ADDRESS", "FEDMSG_CONFIG"),
    *("FEDORA_MESSAGING_CONF", "SOURCE_DATE_EPOCH", "PYTHONWARNINGS", "COLUMNS", "LANGUAGE"),
):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)
os.environ["LC_ALL"] = "C.UTF-8"
os.umask(0o022)

# How long an example takes is the machine's business: no timed assertion in the tests.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: Begun first, in this order: they take longest, a minute and more.
LONG = (
    "tests/acceptance/",
    "tests/packages/",
    "tests/integration/rabbitmq/",
    "tests/integration/test_same_from_each_engine.py",
    "tests/integration/test_hub.py",
    "tests/faults/",
    "tests/integration/",
)
#: Folders whose tests share what takes long to make: the built packages, the broker.
SHARED = ("tests/packages/", "tests/integration/rabbitmq/")
Figure = Callable[[str, str], None]
#: What rows of the table of figures are known by in a test's report.
NAME = "figure"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove the folders of test processes that were killed."""
    if not hasattr(session.config, "workerinput"):
        remove_abandoned(Path(tempfile.gettempdir()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the processes of a parallel run begin with the longest files.

    Stories wait most of their time; every other file is one that does not.
    """
    if not hasattr(config, "workerinput"):
        return
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(scope_of(item.nodeid), []).append(item)
    order = sorted(files, key=_rank)
    stories = [name for name in order if _rank(name) == 0]
    quick = [name for name in order if _rank(name) > 0]
    mixed = [name for pair in zip(stories, quick) for name in pair]
    remaining = stories[len(quick) :] + quick[len(stories) :]
    items[:] = [item for name in [*mixed, *remaining] for item in files[name]]


def _rank(name: str) -> int:
    return next((at for at, start in enumerate(LONG) if name.startswith(start)), len(LONG))


def scope_of(nodeid: str) -> str:
    """Return what is run by one process: a file, or all that shares the packages or the broker."""
    shared = (name for name in SHARED if nodeid.startswith(name))
    return next(shared, nodeid.partition("::")[0])


class InOrder(LoadFileScheduling):
    """Hands out files in the order of ``LONG``."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InOrder | None:
    """Schedule by file where that is asked for."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return InOrder(config, log)


def remove_abandoned(top: Path) -> None:
    """Remove what ``new_short_folder`` made in processes that are gone."""
    for folder in top.glob("cf*_*"):
        owner = re.match(r"cf(\d+)_", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def new_short_folder() -> Iterator[Path]:
    """Make a folder named for this process, with a path short enough for sockets.

    A socket's path has at most 107 bytes (unix(7)).
    """
    folder = Path(tempfile.mkdtemp(prefix=f"cf{os.getpid()}_"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for sockets."""
    with new_short_folder() as folder:
        yield folder


@pytest.fixture
def artifacts() -> Path:
    """Return the folder for what a test wants to show afterwards."""
    folder = ROOT / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Return what puts a row into the table: the fault and its outcome."""

    def add_row(fault: str, outcome: str) -> None:
        # With the test's report, which reaches the process that prints whoever ran the test.
        request.node.user_properties.append((NAME, [fault, outcome]))

    return add_row


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    ended = [
        report for state in ("passed", "failed") for report in terminalreporter.stats.get(state, [])
    ]
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
        for fault, outcome in rows:
            terminalreporter.write_line(f"{fault:<{width}}  {outcome}")
