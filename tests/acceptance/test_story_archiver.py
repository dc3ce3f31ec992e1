"""The story archiver-doom: slower at no more messages; three ways out; none of them loses one."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import postgres
from examples.archiver_doom.story import STORY
from tests.acceptance.stories import played_well

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not postgres.installed(), reason="PostgreSQL is not installed"),
]


@pytest.mark.timeout(900)
def test_archiver_doom(short_folder: Path) -> None:
    """OK, SLOW, RECOVERING, OK; times fall with each remedy; the archive has each message once."""
    played_well(STORY, short_folder, pace=0.2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_archiver_doom_at_full_length(short_folder: Path) -> None:
    """The same with CREEP, which wants to be watched for longer, before SLOW."""
    played_well(STORY, short_folder, pace=1.0)
