"""Post JSON once, with a time limit for the whole exchange; shared by outputs that speak HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from ...http_client import exchange
from . import NotTaken, Refused

#: The longest ``Retry-After`` that is obeyed, in seconds.
MAX_RETRY_AFTER = 3600.0
#: Statuses below 500 that say "not now": timeout, conflict, too early, too many requests.
RETRIED = (408, 409, 421, 423, 425, 429)


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Return when the answer is 2xx; ``timeout`` in seconds, for the whole exchange.

    Raises:
        Refused: the answer is 4xx: the same notice would be refused again.
        NotTaken: another answer, with what ``Retry-After`` asks for.
        OSError: no answer.
    """
    answer = exchange(
        url, timeout=timeout, method="POST", body=body, headers=headers, max_bytes=4096
    )
    if 200 <= answer.status < 300:
        return
    text = f"HTTP {answer.status}: {answer.excerpt()}"
    if 400 <= answer.status < 500 and answer.status not in RETRIED:
        raise Refused(text)
    asked = answer.headers.get("retry-after", "")
    wait = float(asked[:9]) if asked.isascii() and asked.isdigit() else 0.0
    raise NotTaken(text, min(MAX_RETRY_AFTER, wait))
