"""The story mass-rebuild: distinguished from a slow database, and every message accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import postgres
from examples.mass_rebuild.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.timeout(900)
@pytest.mark.skipif(not postgres.installed(), reason="PostgreSQL is not installed")
def test_mass_rebuild(short_folder: Path) -> None:
    """OK, SURGE by excess arrivals only, RECOVERING with the right time, OK; nothing lost."""
    played_well(STORY, short_folder, pace=0.4)
