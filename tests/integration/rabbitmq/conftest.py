"""The one broker of these tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import rabbitmq

from .running import RunningBroker


@pytest.fixture(scope="package")
def broker() -> Iterator[RunningBroker]:
    if not rabbitmq.installed():
        pytest.skip("rabbitmq-server is not installed")
    with tempfile.TemporaryDirectory(prefix="cf", dir="/tmp") as folder:
        running = RunningBroker(Path(folder))
        try:
            yield running
        finally:
            running.close()
