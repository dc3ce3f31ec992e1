"""Name the frames of a thread: the consumer's own function, and what it called.

Looks at the innermost frames only and caches the name of each code object. Reads no argument and no
local value.
"""

from __future__ import annotations

import ast
import dis
import io
import sys
import sysconfig
import tokenize
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any

from ..files import read_file

#: Frames that are looked at, from the innermost; a consumer's own is mostly among the first ten.
MAX_FRAMES = 48
#: Code objects and calls that are remembered; all are forgotten when there are more.
MAX_REMEMBERED = 4096
#: Packages between the bus and the consumer.
HUB_PACKAGES = {"moksha", "fedmsg", "twisted", "collectd_fedmsg", "fedora_messaging", "txzmq"}
#: Bytes of a source file that is looked at.
MAX_SOURCE = 4 << 20
_OURS = "collectd_fedmsg."
_OWN, _LIBRARY, _STANDARD, _HUB = range(4)
_STDLIB = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
#: What calls without a call in the source.
_STATEMENTS = {"BEFORE_WITH": "with", "LOAD_SPECIAL": "with", "FOR_ITER": "for"}
_INSTALLED = ("/site-packages/", "/dist-packages/")


class CodeNames:
    """Names of code, for one consumer.

    Args:
        packages: the top packages that the consumer's classes are from; they may be installed
            among the libraries.
    """

    def __init__(self, packages: Collection[str]) -> None:
        self._packages = set(packages) - HUB_PACKAGES
        self._kinds: dict[CodeType, int] = {}
        self._calls: dict[tuple[CodeType, int], str] = {}

    def fold(self, frames: Iterable[FrameType]) -> tuple[str, str]:
        """Return the consumer's own innermost function, and what it had called; empty if unknown.

        Called on another thread than the frames' own: they may go on meanwhile.

        Args:
            frames: of one thread or coroutine, the innermost first.
        """
        library = standard = ""
        for depth, frame in enumerate(islice(frames, MAX_FRAMES)):
            kind = self._kind(frame)
            if kind == _OWN:
                called = library or standard
                if not depth:
                    called = self._call(frame)
                return f"{place(frame)}:{frame.f_lineno}", called
            if kind == _HUB:
                break
            # The outermost one counts: the function that the consumer called.
            if kind == _LIBRARY:
                library = place(frame)
            else:
                standard = place(frame)
        return "", library or standard

    def _kind(self, frame: FrameType) -> int:
        code = frame.f_code
        kind = self._kinds.get(code)
        if kind is None:
            if len(self._kinds) >= MAX_REMEMBERED:
                self._kinds.clear()
            kind = self._kinds[code] = self._classify(frame)
        return kind

    def _classify(self, frame: FrameType) -> int:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in self._packages:
            return _OWN
        if package in HUB_PACKAGES:
            return _HUB
        file = frame.f_code.co_filename
        if any(part in file for part in _INSTALLED):
            return _LIBRARY
        if file.startswith(("<frozen", *_STDLIB)):
            return _STANDARD
        return _OWN

    def _call(self, frame: FrameType) -> str:
        """Return the name of the C function that a frame is in, by its place in the source."""
        key = (frame.f_code, frame.f_lasti)
        name = self._calls.get(key)
        if name is None:
            if len(self._calls) >= MAX_REMEMBERED:
                self._calls.clear()
            name = self._calls[key] = called_at(*key)
        return name


def callers(leaf: FrameType | None) -> Iterator[FrameType]:
    """Yield a thread's frames, the innermost first."""
    while leaf is not None:
        yield leaf
        leaf = leaf.f_back


def awaited(coroutine: Any) -> list[FrameType]:
    """Return the frames of a suspended coroutine, the one that it waits in first."""
    frames: list[FrameType] = []
    for _ in range(MAX_FRAMES):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            break
        frames.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return frames[::-1]


def place(frame: FrameType) -> str:
    """Return ``module:function`` of a frame."""
    code: Any = frame.f_code
    name = getattr(code, "co_qualname", code.co_name)  # CPython 3.11
    return f"{frame.f_globals.get('__name__', '?')}:{name}"


def called_at(code: CodeType, offset: int) -> str:
    """Return the name of the function that is called at an offset of a code object.

    Only a name that the code itself holds: the source may have been changed since. Empty where
    nothing is called, or where Python keeps no positions (before 3.11).
    """
    if sys.version_info < (3, 11) or offset < 0:
        return ""
    statement = _statement(code.co_code, offset)
    if statement:
        return statement
    try:
        first, last, start, end = list(code.co_positions())[offset // 2]
        if first is None or last is None or start is None or end is None:
            return ""
        content = io.BytesIO(read_file(code.co_filename, MAX_SOURCE))
        encoding, _ = tokenize.detect_encoding(content.readline)
        content.seek(0)
        # Columns are of bytes.
        source = io.TextIOWrapper(content, encoding)
        lines = [line.encode() for line in islice(source, first - 1, last)]
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        node = ast.parse(b"".join(lines).decode().strip(), mode="eval").body
    except (OSError, SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return ""
    if not isinstance(node, ast.Call):
        return ""
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    known = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    return name if name in known else ""


def _statement(instructions: bytes, offset: int) -> str:
    """Return the statement that calls at an offset without a call in the source, else empty."""
    name = dis.opname[instructions[offset]]
    if name == "CALL" and offset >= 2:  # CPython 3.14 looks __enter__ up, then calls it
        name = dis.opname[instructions[offset - 2]]
    return _STATEMENTS.get(name, "")


def raised_at(traceback: TracebackType | None) -> str:
    """Return the three innermost places of an exception, the raising one first; none of ours."""
    frames: list[str] = []
    while traceback is not None:
        if not str(traceback.tb_frame.f_globals.get("__name__")).startswith(_OURS):
            frames.append(f"{place(traceback.tb_frame)}:{traceback.tb_lineno}")
            del frames[:-3]
        traceback = traceback.tb_next
    return "<".join(reversed(frames))
