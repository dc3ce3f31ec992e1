"""JSON as bytes: orjson where it is installed, else the standard library, with the same values.

Debian 12 has no orjson; there an answer of a day takes some milliseconds longer.
"""

from __future__ import annotations

import json
import math
from typing import Any

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

#: What ``loads`` raises; orjson's own error is one too.
JSONDecodeError = json.JSONDecodeError


def plain_dumps(body: Any) -> bytes:
    """Return JSON like orjson's, by the standard library: NaN and infinity are null.

    Raises:
        TypeError: something has no form in JSON.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(body), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _finite(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: _finite(value) for key, value in body.items()}
    if isinstance(body, (list, tuple)):
        return [_finite(value) for value in body]
    return None if isinstance(body, float) and not math.isfinite(body) else body


dumps = plain_dumps if orjson is None else orjson.dumps
loads = json.loads if orjson is None else orjson.loads
