"""Who may read, by a proxy's header or basic auth, and who may write, by the token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, abort, current_app, request
from werkzeug.datastructures import Authorization
from werkzeug.exceptions import TooManyRequests
from werkzeug.security import check_password_hash

from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.files import read_file

from ..config import Settings
from .guesses import Pauses, Turns
from .proxies import asker, from_proxy

#: Asked for by load balancers, which have no password.
OPEN = ("/healthz",)
#: Checked passwords remembered: scrypt costs 50 ms, a live page asks every few seconds.
MAX_REMEMBERED = 1000
#: Bytes of the users' file.
MAX_USERS_BYTES = 1 << 20


def read_users(path: Path) -> dict[str, str]:
    """Return names and hashes from lines ``name:hash`` (see ``--hash-password``).

    Raises:
        ConfigError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = read_file(path, MAX_USERS_BYTES).decode().splitlines()
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
    if not users:
        raise ConfigError("dashboard", "users_file", str(path), "names nobody")
    return users


class Passwords:
    """Checks of basic auth; remembers which were right, as keyed digests only."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._turns = Turns()
        # Checked when the name is unknown, so that names cannot be told by time.
        self._nobody = next(iter(users.values()), "")

    def known(self, name: str, password: str) -> bool:
        """Tell at once whether this name and password were right before."""
        return self._digest(name, password) in self._right

    def right(self, name: str, password: str, address: str, *, noisy: bool) -> bool | None:
        """Tell whether this is a known name with its password; None: others are being checked.

        Args:
            address: of who asks.
            noisy: whether many guess wrong near it.
        """
        with self._turns.taken(address, noisy=noisy) as ours:
            if not ours:
                return None
            try:
                hashed = self._users.get(name)
                right = check_password_hash(hashed or self._nobody, password) and hashed is not None
            except ValueError:  # parameters of the hash that this OpenSSL does not take
                right = False
        if right:
            self._right[self._digest(name, password)] = None
            while len(self._right) > MAX_REMEMBERED:
                self._right.popitem(last=False)
        return right

    def _digest(self, name: str, password: str) -> bytes:
        credentials = f"{name}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, credentials, hashlib.sha256)


class Login:
    """Refuses readers who have not logged in, when logging in is asked for.

    Raises:
        ConfigError: the users' file is wrong.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        users = read_users(settings.users_file) if settings.users_file else None
        self._passwords = Passwords(users) if users is not None else None
        self._pauses = Pauses()

    def check(self) -> Response | None:
        """Return the answer to who may not read; None to who may."""
        if request.path in OPEN:
            return None
        header = self._settings.auth_header
        if header:
            # Anyone may send a header: only a proxy of ours makes it true.
            if not from_proxy(self._settings):
                abort(403, "Only the proxy that asks for a login may ask here.")
            if not request.headers.get(header, "").strip():
                abort(401, "The proxy names no user.")
        return self._basic(self._passwords) if self._passwords is not None else None

    def _basic(self, passwords: Passwords) -> Response | None:
        credentials = authorization()
        if credentials is None or credentials.type != "basic":
            return _asked("Log in to see the queues.\n")
        name, password = credentials.username or "", credentials.password or ""
        if passwords.known(name, password):
            return None
        address = asker(self._settings)
        pause = self._pauses.left(address)
        right = None
        if not pause:
            right = passwords.right(name, password, address, noisy=self._pauses.noisy(address))
        if right is None:
            raise too_many(pause)
        if right:
            self._pauses.right(address)
            return None
        self._pauses.wrong(address)
        return _asked("Log in to see the queues: the name or the password is wrong.\n")


def _asked(text: str) -> Response:
    return Response(
        text, 401, mimetype="text/plain", headers={"WWW-Authenticate": 'Basic realm="queues"'}
    )


def too_many(pause: float) -> TooManyRequests:
    """Return the refusal of a guess that would have to wait for ``pause`` seconds."""
    return TooManyRequests(
        "Too many wrong guesses: try again later.", retry_after=max(1, round(pause))
    )


def install_login(app: Flask, settings: Settings) -> None:
    """Check each request's login, where one is asked for.

    Raises:
        ConfigError: the users' file is wrong.
    """
    app.extensions["token pauses"] = Pauses()
    app.before_request(Login(settings).check)


def logged_in(settings: Settings) -> str:
    """Return the name of who asks, as the proxy or basic auth has it; empty without a login."""
    if settings.auth_header:
        return request.headers.get(settings.auth_header, "").strip()
    credentials = authorization() if settings.users_file else None
    return (credentials.username or "") if credentials is not None else ""


def authorization() -> Authorization | None:
    """Return the Authorization header; None also for one that cannot be read."""
    try:
        return request.authorization
    except ValueError:  # bytes that are no base64 of UTF-8
        return None


def may_write(settings: Settings) -> None:
    """Abort unless the request carries the token as ``X-Token`` or a bearer.

    ``X-Token`` is for where basic auth occupies the Authorization header. A token may hold any
    character: as UTF-8, as a browser sends it (ISO 8859-1), or percent-encoded. Aborts with 403
    where no token is set, 401 for a wrong one, 429 for a guess within its pause.
    """
    if not settings.token:
        abort(403, "Marks cannot be written here: no token is set.")
    pauses: Pauses = current_app.extensions["token pauses"]
    address = asker(settings)
    pause = pauses.left(address)
    if pause:
        raise too_many(pause)
    token = request.headers.get("X-Token") or ""
    bearer = request.headers.get("Authorization", "")
    if not token and bearer.startswith("Bearer "):
        token = bearer[len("Bearer ") :]
    raw = token.encode("latin-1", "replace")
    wanted = settings.token.encode("utf-8")
    forms = (raw, token.encode("utf-8", "replace"), unquote_to_bytes(raw))
    if sum(hmac.compare_digest(form, wanted) for form in forms) == 0:
        if token:
            pauses.wrong(address)
        abort(401, "The token is missing or wrong.")
    pauses.right(address)
