"""Run the rrdtool command within a time limit, on the file itself, in a fixed environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

#: Seconds that one command may take.
TIMEOUT_SECONDS = 60.0


def rrdtool(*words: str, keep: Sequence[int] = ()) -> str:
    """Return what a command prints.

    Args:
        words: the command and its arguments.
        keep: descriptors that it may use, as ``/proc/self/fd/N``.

    Raises:
        ValueError: it failed; the text is rrdtool's own, in one line.
        OSError: it is not installed, or did not end in time.
    """
    # With the variable rrdtool would ask that rrdcached about each file; numbers are in C's way.
    env = {name: text for name, text in os.environ.items() if name != "RRDCACHED_ADDRESS"}
    try:
        done = subprocess.run(  # noqa: S603
            ["rrdtool", *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            env={**env, "LC_ALL": "C"},
            errors="replace",
            pass_fds=tuple(keep),
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"rrdtool {words[0]}: not done within {error.timeout:g} s") from error
    if done.returncode:
        text = " ".join(done.stderr.split())
        raise ValueError(text or f"rrdtool ended with {done.returncode}")
    return done.stdout
