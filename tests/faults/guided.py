"""``python -m tests.faults.guided COUNT SEED FOLDER``: frames by coverage-guided fuzzing (atheris).

Every branch of ``collectd_fedmsg`` that an input is the first to take makes it a seed for more.
FOLDER takes these; they begin as ``corpus/``. Prints the outcome of COUNT executions, as JSON; an
exception ends the process with libFuzzer's report and the input in FOLDER.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["collectd_fedmsg"]):
    from tests.faults import fuzz, played

CORPUS = Path(__file__).with_name("corpus")
#: Bytes of an input: a reply with a few rows, or a conversation of short ones.
LONGEST = 16_384


def mutate(lines: bytes, longest: int, seed: int) -> bytes:
    """Change a line's structure, the order of lines, or bytes as libFuzzer does."""
    chance = random.Random(seed)
    kind = chance.random()
    if kind < 0.3:
        return bytes(atheris.Mutate(lines, longest))
    frames = lines.split(b"\n")
    at = chance.randrange(len(frames))
    if kind < 0.9:
        frames[at] = fuzz.mutate(frames[at], chance).replace(b"\n", b" ")
    elif kind < 0.95:
        frames.insert(chance.randrange(len(frames) + 1), frames[at])
    else:
        chance.shuffle(frames)
    return b"\n".join(frames)[:longest]


class Count:
    """Executions, until there were enough."""

    def __init__(self, most: int) -> None:
        self.most, self.runs, self.warm = most, 0, 0
        self.taken = self.refused = self.dispatched = 0
        self.began = time.monotonic()

    def run_once(self, lines: bytes) -> None:
        outcome = played.play(lines)
        self.runs += 1
        self.taken += outcome.taken
        self.refused += outcome.refused
        self.dispatched += outcome.dispatched
        if self.runs == self.most // 2:
            self.warm = fuzz.resident()
        if self.runs == self.most:
            self.tell()

    def tell(self) -> None:
        print(json.dumps({
            "executions": self.runs, "taken": self.taken, "refused": self.refused,
            "dispatched": self.dispatched, "grown": fuzz.resident() - self.warm,
            "seconds": round(time.monotonic() - self.began),
        }), flush=True)  # fmt: skip
        # libFuzzer has no other way to stop after a number of executions.
        os._exit(0)


def main() -> None:
    count, seed, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    shutil.copytree(CORPUS, folder, dirs_exist_ok=True)
    atheris.Setup(
        [sys.argv[0], f"-seed={seed}", f"-max_len={LONGEST}", f"-artifact_prefix={folder}/crash-",
         "-rss_limit_mb=0", "-timeout=60", "-print_final_stats=1", str(folder)],
        Count(count).run_once, custom_mutator=mutate,
    )  # fmt: skip
    atheris.Fuzz()


if __name__ == "__main__":
    main()
