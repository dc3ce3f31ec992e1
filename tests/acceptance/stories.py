"""Play a story in a test: all that it expects is seen, and no message is unaccounted for."""

from __future__ import annotations

from pathlib import Path

from examples.story.run import Played, play, report
from examples.story.script import Story


def played_well(story: Story, folder: Path, pace: float) -> Played:
    """Play the story and return what came of it; its lines are shown when it fails."""
    played = play(story, folder, pace)
    assert played.balances, "no daemon was audited"
    assert played.well, report(played) + "\n" + "\n".join(map(str, played.balances))
    return played
