"""A story whose database is not installed says so, and why nothing else will do."""

from __future__ import annotations

import pytest

from examples.story.script import Need, Story


@pytest.mark.parametrize(
    ("present", "sentences"),
    [
        pytest.param(True, [], id="installed"),
        pytest.param(
            False,
            ["doom needs PostgreSQL, which is not installed: it alone has dead rows"],
            id="not-installed",
        ),
    ],
)
def test_missing(present: bool, sentences: list[str]) -> None:
    """One sentence for each need that is not there."""
    need = Need("PostgreSQL", lambda: present, "it alone has dead rows")
    assert Story("doom", "", lambda stage: [], (), needs=(need,)).missing() == sentences
