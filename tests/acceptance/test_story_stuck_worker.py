"""The story stuck-worker: some workers hang, then all; both are named, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.stuck_worker.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_stuck_worker(short_folder: Path) -> None:
    """OK, WORKERS_LOST (1 of 2), STALLED, OK; the sibling stays well."""
    played_well(STORY, short_folder, pace=0.3)
