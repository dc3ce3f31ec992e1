"""The story clock-skew: wrong clocks of senders raise no alarm and change no sample's time."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.clock_skew.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_clock_skew(short_folder: Path) -> None:
    """The delay is 0 an hour ahead and 300 s five minutes behind; all stay well."""
    played_well(STORY, short_folder, pace=0.25)
