"""The one broker of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples import rabbitmq
from tests.conftest import new_short_folder

from .running import RunningBroker


@pytest.fixture(scope="package")
def broker() -> Iterator[RunningBroker]:
    if not rabbitmq.installed():
        pytest.skip("rabbitmq-server is not installed")
    with new_short_folder() as folder:
        running = RunningBroker(folder)
        try:
            yield running
        finally:
            running.close()
