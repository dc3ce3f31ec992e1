"""Say what a worker did at a place: it computes, it waits for a lock, it waits in a library."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.evidence import COMPUTING, HELD

#: States in which a worker computes.
COMPUTES = (COMPUTING, HELD)
#: Packages that run coroutines and greenlets: a worker's stack shows their loop only.
LOOPS = ("asyncio", "gevent", "eventlet", "trio", "uvloop")
#: Functions of theirs that are the loop itself, not something that a coroutine waits in.
RUNNERS = ("run", "run_until_complete", "run_forever", "switch")
#: What calls without a call in the source, and what it waits for there.
LOCKING = {"with": "a lock (with)", "acquire": "a lock (acquire)", "for": "the next item (for)"}


@dataclass(frozen=True)
class Part:
    """One place's part of the time that messages take, and of what they took before (0 to 1).

    ``usual`` is None when nothing is known of before.
    """

    own: str
    library: str
    state: str
    share: float
    usual: float | None


def in_words(part: Part) -> str:
    """Return what a thread did at a place: verb, library, own function, and what is not seen."""
    words = _at(part)
    if part.state == HELD:
        return f"{words}: C code that keeps the interpreter, so that no other thread runs"
    module, _, function = part.library.rpartition(":")
    if module.partition(".")[0] in LOOPS and function.rpartition(".")[2] in RUNNERS:
        return f"{words}; which of its coroutines or greenlets waits is not seen"
    return words


def _at(part: Part) -> str:
    computing = part.state in COMPUTES
    verb = "is computing" if computing else "is waiting"
    own = function_of(part.own)
    if not part.library:
        return f"{verb} in {own}"
    if not computing and waits_for(part.library):
        return f"{verb} for {waits_for(part.library)} in {own}"
    module, _, function = part.library.rpartition(":")
    package = module.partition(".")[0]
    if part.library in ("with", "for"):
        return f"{verb} in a {part.library} statement of {own}"
    called = f"{package} {function}" if package else part.library
    return f"{verb} in {called}, called from {own}"


def is_lock(part: Part) -> bool:
    """Return whether a place is one where a worker waits for a lock of its process."""
    return part.state not in COMPUTES and waits_for(part.library).startswith("a lock")


def waits_for(library: str) -> str:
    """Return what a call or statement without a name of its own waits for, else empty."""
    module, _, function = library.rpartition(":")
    if module.partition(".")[0] not in ("", "threading"):
        return ""
    return LOCKING.get(function.rpartition(".")[2], "")


def function_of(place: str) -> str:
    """Return ``Archiver.consume:9`` of ``a.b:Archiver.consume:9``."""
    return place.partition(":")[2] or place or "an unknown place"
