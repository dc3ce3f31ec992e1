"""Real messages of Fedora's bus, captured for fedmsg_meta_fedora_infrastructure's tests.

That package (PyPI, LGPL 2.1+) keeps them as literals in its test classes. They are read from its
source: importing it would need Fedora's account system's client.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = "fedmsg_meta_fedora_infrastructure"
#: Topics of another bus or environment would not reach the demo's daemons.
PREFIX = "org.fedoraproject."


def replayed(rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield captured messages in random order, for ever: topic below the environment, message.

    Raises:
        LookupError: the package is not installed.
    """
    messages = captured()
    if not messages:
        raise LookupError(f"{PACKAGE} is not installed: no captured messages")
    while True:
        yield rng.choice(messages)


@lru_cache(maxsize=1)
def captured() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return every captured message that can be published again; none without the package."""
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    messages = []
    for place in places or ():
        for path in sorted((Path(place) / "tests").rglob("*.py")):
            messages.extend(_in_source(path.read_text("utf-8")))
    return tuple(messages)


def _in_source(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for node in ast.walk(ast.parse(source)):
        for statement in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(statement, ast.Assign) and _names(statement) == ["msg"]:
                try:
                    message = ast.literal_eval(statement.value)
                    topic, body = message["topic"], message["msg"]
                    json.dumps(body)
                except (ValueError, TypeError, KeyError):
                    continue  # computed, or not a message
                if topic.startswith(PREFIX) and isinstance(body, dict):
                    yield topic.removeprefix(PREFIX).partition(".")[2], body


def _names(assignment: ast.Assign) -> list[str | None]:
    return [getattr(target, "id", None) for target in assignment.targets]
