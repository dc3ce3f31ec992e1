"""``python -m examples.story NAME``: play a story; ``list``: name them all."""

from __future__ import annotations

import argparse
import fcntl
import importlib
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from examples.chain import ROOT

from .pictures import take
from .run import play, report
from .script import Story

FOLDER = ROOT / ".run"


def names() -> list[str]:
    """Return every story's name: the folders beside this one that tell one."""
    stories = Path(__file__).parent.parent.glob("*/story.py")
    return sorted(path.parent.name.replace("_", "-") for path in stories)


def load(name: str) -> Story:
    """Return a story by its name.

    Raises:
        LookupError: there is none of this name.
    """
    if name not in names():
        raise LookupError(f"no story {name!r}; there are: {', '.join(names())}")
    module = importlib.import_module(f"examples.{name.replace('-', '_')}.story")
    story: Story = module.STORY
    return story


def main() -> int:
    """Play one story and return 0 when all was as expected."""
    parser = argparse.ArgumentParser(prog="make story", description=__doc__)
    parser.add_argument("story", help="a story's name, or list")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="1 for the full length; less is shorter"
    )
    parser.add_argument("--pictures", type=Path, help="folder for a picture after each phase")
    options = parser.parse_args()
    if options.story == "list":
        for name in names():
            story = load(name)
            needs = (
                f" (needs {', '.join(need.name for need in story.needs)})" if story.needs else ""
            )
            print(f"{name:18} {story.title}{needs}")
        return 0
    try:
        story = load(options.story)
    except LookupError as error:
        sys.exit(f"story: {error}")
    if missing := story.missing():
        sys.exit("story: " + "; ".join(missing))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = FOLDER / story.name
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (FOLDER / f"{story.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"story: {story.name} is running already; stop that with Ctrl-C first")
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{story.title}\n", flush=True)
    look = partial(take, options.pictures) if options.pictures else None
    try:
        played = play(story, folder, options.pace, partial(print, flush=True), look)
    except KeyboardInterrupt:
        print("\nstopped")
        return 130
    print(report(played), flush=True)
    return 0 if played.well else 1


if __name__ == "__main__":
    sys.exit(main())
