"""What the demo publishes: captured messages where they are installed, and synthetic ones."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from examples.load.captured import _in_source, captured
from examples.load.traffic import builds, everyday


def test_messages_can_be_published() -> None:
    """A topic below the environment, a JSON object below 64 KiB."""
    for make in (builds, everyday):
        for topic, message in itertools.islice(make(random.Random(1)), 500):
            assert topic.count(".") >= 1
            assert len(json.dumps(message)) < 65536


def test_captured_messages_are_real() -> None:
    messages = captured()
    if not messages:
        pytest.skip("fedmsg_meta_fedora_infrastructure is not installed")
    assert len(messages) > 200
    assert "buildsys.build.state.change" in {topic for topic, _ in messages}


def test_only_literals_are_read() -> None:
    """Nothing of the package runs: what is computed is left out."""
    source = """
class One:
    msg = {"topic": "org.fedoraproject.prod.a.b", "msg": {"x": 1}}
class Two:
    msg = {"topic": "org.fedoraproject.prod.a.b", "msg": exit(1)}
class Three:
    msg = {"topic": "com.example.prod.a.b", "msg": {}}
"""
    assert list(_in_source(source)) == [("a.b", {"x": 1})]
