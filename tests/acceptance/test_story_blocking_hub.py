"""The story blocking-hub: an unseen backlog is never called well, slowness is still named."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.blocking_hub.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_blocking_hub(short_folder: Path) -> None:
    """UNKNOWN (blocking mode), SLOW while the database is, UNKNOWN again; nothing is lost."""
    played_well(STORY, short_folder, pace=0.3)
