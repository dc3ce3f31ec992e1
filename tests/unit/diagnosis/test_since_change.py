"""Which change a trouble follows, and what changed between two runs."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis.since_change import since_change
from collectd_fedmsg.protocol.about import About, Release
from collectd_fedmsg.protocol.changes import MAX_TEXT, Change, changes_between

VERSION = Change(1000.0, "version", "datanommer.consumer 1.4.2 → 1.5.0")
RESTART = Change(1010.0, "restart", "restart")
DEPLOY = Change(950.0, "deploy", "“notifs 2.1”")


@pytest.mark.parametrize(("changes", "since", "clause"), [
    pytest.param([VERSION], 1040.0, "since 40 s after datanommer.consumer 1.4.2 → 1.5.0",
                 id="after"),
    pytest.param([VERSION], 990.0, "since datanommer.consumer 1.4.2 → 1.5.0", id="found-early"),
    pytest.param([VERSION], 960.0, "", id="before-the-change"),
    pytest.param([VERSION], 1000.0 + 1800, "since 30 min after datanommer.consumer 1.4.2 → 1.5.0",
                 id="at-the-bound"),
    pytest.param([VERSION], 1000.0 + 1801, "", id="too-long-ago"),
    pytest.param([RESTART], 1050.0, "since 40 s after its restart", id="restart"),
    pytest.param([RESTART, VERSION], 1050.0,
                 "since 50 s after datanommer.consumer 1.4.2 → 1.5.0", id="a-version-says-more"),
    pytest.param([DEPLOY, RESTART], 1050.0, "since 100 s after “notifs 2.1”", id="a-deploy-too"),
    pytest.param([VERSION, Change(1500.0, "restart", "restart")], 1510.0,
                 "since 10 s after its restart", id="the-latest"),
    pytest.param([], 1050.0, "", id="none"),
    pytest.param([VERSION], None, "", id="no-beginning"),
])  # fmt: skip
def test_since(changes: list[Change], since: float | None, clause: str) -> None:
    assert since_change(changes, since) == clause


def about(version: str | None, python: str | None = "3.11.2") -> About:
    releases = None
    if version is not None:
        releases = (Release("A", "nommer", version), Release("B", "nommer", version))
    return About(python, releases, None)


@pytest.mark.parametrize(("before", "after", "expected"), [
    pytest.param(about("1"), about("2"), [("version", "nommer 1 → 2")], id="one-line-a-release"),
    pytest.param(about("1"), about("2", "3.12.0"),
                 [("version", "nommer 1 → 2"), ("version", "Python 3.11.2 → 3.12.0")], id="both"),
    pytest.param(about("1"), about("1"), [("restart", "restart")], id="the-same"),
    pytest.param(about(None, None), about("1"), [("restart", "restart")], id="old-daemon"),
    pytest.param(about("1"), about(None, None), [("restart", "restart")], id="downgraded-plugin"),
    pytest.param(about("1"), About("3.11.2", (Release("C", "other", "9"),), None),
                 [("restart", "restart")], id="another-consumer"),
])  # fmt: skip
def test_between_two_runs(before: About, after: About, expected: list[tuple[str, str]]) -> None:
    """What one of two runs did not say is no change of it."""
    changes = changes_between(before, after, 7.0)
    assert [(change.kind, change.text) for change in changes] == expected
    assert {change.time for change in changes} == {7.0}


def test_a_long_version_is_cut() -> None:
    assert len(changes_between(about("1"), about("2" * 500), 7.0)[0].text) == MAX_TEXT
