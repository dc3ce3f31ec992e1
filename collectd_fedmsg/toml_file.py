"""Read a TOML file; every failure is one ConfigError that names the file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .files import read_file

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - the same parser under its older name
    import tomli as tomllib

#: Bytes; a configuration file that is larger is another file.
MAX_BYTES = 1 << 20


def read_text(path: Path | str) -> str:
    """Return the text of a configuration file; a byte order mark is no part of it.

    Raises:
        ConfigError: it is not there, may not be read, is too long, or is not UTF-8.
    """
    place = str(path)
    try:
        content = read_file(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(place, "(file)", place, reason) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        invalid = content[error.start : error.start + 8]
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(place, f"line {line}", invalid, "is not UTF-8") from error


def parse(text: str, place: str) -> dict[str, Any]:
    """Return the tables of a TOML text; ``place`` names the file in messages.

    Raises:
        ConfigError: it is not TOML.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(place, "(file)", str(error)[:200], "is not TOML") from error


def read(path: Path | str) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, or is not TOML.
    """
    return parse(read_text(path), str(path))
