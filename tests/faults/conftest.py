"""What the fault tests share: a table of figures at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Figure = Callable[[str, str], None]
_FIGURES = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture
def figure(pytestconfig: pytest.Config) -> Figure:
    """Return what puts a row into the table: the fault, what came of it."""

    def put(fault: str, came: str) -> None:
        pytestconfig.stash.setdefault(_FIGURES, []).append((fault, came))

    return put


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table."""
    rows = config.stash.get(_FIGURES, [])
    if rows:
        terminalreporter.section("faults injected")
        width = max(len(fault) for fault, _ in rows)
        for fault, came in rows:
            terminalreporter.write_line(f"{fault:<{width}}  {came}")
