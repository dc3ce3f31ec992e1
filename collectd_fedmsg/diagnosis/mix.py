"""Whether dearer messages, not slower handling, explain a longer service time."""

from __future__ import annotations

from .facts import Facts


def dearer_mix(facts: Facts) -> tuple[str, str] | None:
    """Return (topic, sentence) when the topics' usual costs explain most of the slowness."""
    return None
