"""What the fault tests share: a table of figures at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Figure = Callable[[str, str], None]
NAME = "figure"


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
    rows = [value for report in ended if report.when == "call"
            for name, value in report.user_properties if name == NAME]
    if rows:
        terminalreporter.section("faults injected")
        width = max(len(fault) for fault, _ in rows)
        for fault, came in rows:
            terminalreporter.write_line(f"{fault:<{width}}  {came}")
