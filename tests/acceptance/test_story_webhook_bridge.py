"""The story webhook-bridge: a storm is a surge, forged hooks never reach the bus."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.webhook_bridge.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_webhook_bridge(short_folder: Path) -> None:
    """OK, SURGE, OK; accepted = received by the bridge = heard by the others; 403 for the rest."""
    played_well(STORY, short_folder, pace=0.4)
