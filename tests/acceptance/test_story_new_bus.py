"""The story new-bus: a queue of RabbitMQ and its service are one row, with every verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import rabbitmq
from examples.new_bus.story import STORY
from tests.acceptance.stories import played_well


@pytest.mark.acceptance
@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.skipif(not rabbitmq.installed(), reason="rabbitmq-server is not installed")
def test_new_bus(short_folder: Path) -> None:
    """Slow, burst, dead consumer, poison, expiry; received = archived + dropped = the page's."""
    played_well(STORY, short_folder, pace=0.2)
