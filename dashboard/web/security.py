"""What every request must pass and every answer must carry: hosts, methods, headers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, abort, request
from werkzeug.security import check_password_hash

from collectd_fedmsg.errors import ConfigError

from ..config import Settings
from . import static_files as assets

#: No ``unsafe-*``: plotly's own style element is replaced by static/plotly.css.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "font-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'self'; frame-ancestors 'none'")
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
SMALL = 1000


def host_of(header: str) -> str:
    """Return the name in a Host header, its port taken off."""
    name, _, port = header.rpartition(":")
    return (name if port.isdigit() and name else header).lower()


def install(app: Flask, hosts: tuple[str, ...]) -> None:
    """Check each request's Host and characters; put the headers on each answer."""
    @app.before_request
    def check() -> None:
        if "*" not in hosts and host_of(request.host) not in hosts:
            abort(400, "This Host is not served here; see --allow-host.")
        if "\0" in request.path or any("\0" in v for _, v in request.args.items(multi=True)):
            abort(400, "NUL is not allowed.")

    @app.after_request
    def dress(response: Response) -> Response:
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
    if encoding and response.status_code == 200 and (response.content_length or 0) > SMALL:
        response.set_data(assets.pack(response.get_data(), encoding))
        response.headers["Content-Encoding"] = encoding
    return response


#: Asked for by load balancers, which have no password.
OPEN = ("/healthz",)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
#: Checked passwords remembered: scrypt costs 50 ms, a live page asks every few seconds.
REMEMBERED = 1000


def read_users(path: Path) -> dict[str, str]:
    """Return names and hashes from lines ``name:hash`` (see ``--hash-password``).

    Raises:
        ConfigError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("dashboard", "users_file", str(path), str(error)) from error
    users = {}
    for number, line in enumerate(lines, 1):
        name, colon, hashed = line.strip().partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not name or not hashed.startswith(("scrypt:", "pbkdf2:")):
            raise ConfigError("dashboard", "users_file", f"line {number}", "name:hash is wanted")
        users[name] = hashed
    return users


class Passwords:
    """Checks of basic auth; remembers which were right, as keyed digests only."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._lock = threading.Lock()
        # Checked when the name is unknown, so that names cannot be told by time.
        self._nobody = next(iter(users.values()), "")

    def right(self, name: str, password: str) -> bool:
        """Tell whether this is a known name with its password."""
        seen = hmac.digest(self._key, f"{name}\0{password}".encode(), hashlib.sha256)
        if seen in self._right:
            return True
        with self._lock:  # one at a time: guessing must not take all processors
            hashed = self._users.get(name)
            right = check_password_hash(hashed or self._nobody, password) and hashed is not None
        if right:
            if len(self._right) >= REMEMBERED:
                self._right.clear()
            self._right.add(seen)
        return right


def install_login(app: Flask, settings: Settings) -> None:
    """Refuse readers who have not logged in, when logging in is asked for.

    Raises:
        ConfigError: the users' file is wrong.
    """
    users = read_users(settings.users_file) if settings.users_file else {}
    if settings.users_file and not users:
        raise ConfigError("dashboard", "users_file", str(settings.users_file), "names nobody")
    passwords = Passwords(users)

    @app.before_request
    def check() -> Response | None:
        if request.path in OPEN:
            return None
        if settings.auth_header:
            # Anyone may send a header: only the proxy's own address makes it true.
            if request.remote_addr not in (*LOOPBACK, *settings.proxies):
                abort(403, "Only the proxy that asks for a login may ask here.")
            if not request.headers.get(settings.auth_header, "").strip():
                abort(401, "The proxy names no user.")
        if users:
            given = request.authorization
            if given is None or given.type != "basic" or not passwords.right(
                    given.username or "", given.password or ""):
                return Response("Log in to see the queues.\n", 401, mimetype="text/plain",
                                headers={"WWW-Authenticate": 'Basic realm="queues"'})
        return None


def logged_in(settings: Settings) -> str:
    """Return the name of who asks, as the proxy or basic auth has it; empty without a login."""
    if settings.auth_header:
        return request.headers.get(settings.auth_header, "").strip()
    if settings.users_file and request.authorization is not None:
        return request.authorization.username or ""
    return ""


def may_write(token: str) -> None:
    """Abort with 401 or 403 unless the request carries the token as ``X-Token`` or a bearer.

    ``X-Token`` is for where basic auth occupies the Authorization header.
    """
    if not token:
        abort(403, "Marks cannot be written here: no token is set.")
    given = request.headers.get("X-Token") or ""
    bearer = request.headers.get("Authorization", "")
    if not given and bearer.startswith("Bearer "):
        given = bearer[len("Bearer "):]
    if not hmac.compare_digest(given.encode(), token.encode()):
        abort(401, "The token is missing or wrong.")
