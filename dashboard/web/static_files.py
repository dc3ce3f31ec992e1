"""Static files: found at start, served under a hash of all of them, compressed once, cached.

Several of them are served joined (``bundles``). A release carries each file packed beside it
(``style.css.br``); a checkout packs when first asked.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from functools import lru_cache
from pathlib import Path

import brotli

from . import bundles

FOLDER = Path(__file__).parent.parent / "static"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
#: By encoding: what a packed file's name ends in.
ENDINGS = {"br": ".br", "gzip": ".gz"}
_once = threading.Lock()


def sources(folder: Path | None = None) -> list[Path]:
    """Return the files themselves, without their packed forms, by name."""
    return [
        path for path in sorted((folder or FOLDER).iterdir()) if path.suffix not in ENDINGS.values()
    ]


@lru_cache(maxsize=1)
def digest() -> str:
    """Return the hash that is part of every static address."""
    total = hashlib.sha256()
    for path in sources():
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def packed(raw: bytes, encoding: str, quality: int = 9) -> bytes:
    """Return a file's bytes in an encoding; the same bytes give the same answer."""
    if encoding == "br":
        return bytes(brotli.compress(raw, quality=quality))
    return gzip.compress(raw, 9, mtime=0) if encoding == "gzip" else raw


def plain(name: str, folder: Path | None = None) -> bytes:
    """Return a file's bytes: of one that is there, or joined of several."""
    folder = folder or FOLDER
    if name in bundles.names():
        return bundles.made(folder, name)
    return (folder / name).read_bytes()


@lru_cache(maxsize=64)
def _kept(name: str, encoding: str) -> bytes:
    ready = FOLDER / (name + ENDINGS.get(encoding, ""))
    if encoding and ready.exists():
        return ready.read_bytes()
    return packed(plain(name), encoding)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset((*(path.name for path in sources()), *bundles.names()))


def load(name: str, encoding: str) -> tuple[bytes, str] | None:
    """Return a static file's bytes in an encoding ("br", "gzip", "") and its media type."""
    kind = TYPES.get(Path(name).suffix)
    if kind is None or name not in _names():
        return None
    with _once:
        return _kept(name, encoding), kind


def pick(accepted: str) -> str:
    """Return the best encoding of an Accept-Encoding header that we speak."""
    offered = {
        part.split(";")[0].strip()
        for part in accepted.lower().split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    return "br" if "br" in offered else "gzip" if "gzip" in offered else ""


def pack(body: bytes, encoding: str) -> bytes:
    """Pack an answer made on the fly: quickly rather than tightly."""
    if encoding == "br":
        return bytes(brotli.compress(body, quality=2))
    return gzip.compress(body, 2, mtime=0)
