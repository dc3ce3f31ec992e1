"""EDGE http: post JSON once, with a time limit; shared by the outputs that speak HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from . import NotTaken


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: a signed body is for the address that was configured."""


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Return when the answer is 2xx.

    Raises:
        NotTaken: another answer, with what ``Retry-After`` asks for.
        OSError: no answer.
    """
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - checked by output_settings
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as answer:
            if not 200 <= answer.status < 300:
                raise NotTaken(f"HTTP {answer.status}")
    except urllib.error.HTTPError as error:
        said = error.read(200).decode("utf-8", "replace")
        asked = error.headers.get("Retry-After", "")
        after = min(3600.0, float(asked)) if asked.isascii() and asked.isdigit() else 0.0
        raise NotTaken(f"HTTP {error.code}: {said}", after) from error
