"""One module for each way to tell somebody: ``send(payload)`` returns once it was taken."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from ...errors import HealthError


class NotTaken(HealthError):  # noqa: N818 - what happened; it is tried again
    """The receiver did not take it; ``after`` seconds are what it asked to be left alone for."""

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after


class Output(Protocol):
    """Where notices go."""

    def send(self, payload: Mapping[str, Any]) -> None:
        """Return once the receiver has it; raise NotTaken or OSError otherwise."""


def opened(settings: Mapping[str, Any]) -> Output:
    """Return the output that checked settings describe (``output_settings.check``)."""
    module = importlib.import_module(f"{__name__}.{settings['type']}")
    found: Output = module.Sender(settings)
    return found
