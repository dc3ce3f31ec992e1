"""Checks of every request and headers of every response: hosts, methods, policies."""

from __future__ import annotations

import ipaddress

from flask import Flask, Response, abort, request

from . import static_files as assets

#: No ``unsafe-*``: plotly's own style element is replaced by static/plotly.css.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
#: Bytes from which on an answer is compressed.
MIN_COMPRESSED = 1000


def host_of(header: str) -> str:
    """Return the name in a Host header, its port taken off."""
    name, _, port = header.rpartition(":")
    host = name if port.isdigit() and name and not name.endswith(":") else header
    return canonical(host)


def canonical(host: str) -> str:
    """Return a host's one spelling: lower case, an IPv6 address short and in brackets."""
    try:
        number = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".")
    return f"[{number}]" if number.version == 6 else str(number)


def install(app: Flask, hosts: tuple[str, ...]) -> None:
    """Check each request's Host and characters; put the headers on each answer."""
    served = {canonical(host) for host in hosts}

    @app.before_request
    def check() -> None:
        if "*" not in served and host_of(request.host) not in served:
            abort(400, "This Host is not served here; see --allow-host.")
        if "\0" in request.path or any("\0" in v for _, v in request.args.items(multi=True)):
            abort(400, "NUL is not allowed.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-cache"
        return _packed(response)


def _packed(response: Response) -> Response:
    kind = response.mimetype or ""
    if "Content-Encoding" in response.headers or response.direct_passthrough:
        return response
    if not (kind.startswith("text/") or kind.endswith("json")):
        return response
    response.vary.add("Accept-Encoding")
    encoding = assets.pick(request.headers.get("Accept-Encoding", ""))
    if encoding and response.status_code == 200 and (response.content_length or 0) > MIN_COMPRESSED:
        response.set_data(assets.pack(response.get_data(), encoding))
        response.headers["Content-Encoding"] = encoding
    return response
