"""Serve the dashboard on waitress: ``python -m collectd_fedmsg_dashboard.serve``."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.security import generate_password_hash

from collectd_fedmsg import __version__, toml_file
from collectd_fedmsg.errors import ConfigError, HealthError
from collectd_fedmsg.files import raise_file_limit
from collectd_fedmsg.http_address import is_loopback
from collectd_fedmsg.streams import complain, flush_or_discard, open_closed

from . import create_app
from .config import LOOPBACK_HOSTS, Settings
from .web.connections import create_server
from .web.guesses import neighbourhood, network
from .web.proxies import FOR_HEADER, SECRET_HEADER, asker_of


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    whole = argparse.ArgumentParser(
        prog="collectd-fedmsg-dashboard",
        description="Show the queue health of fedmsg daemons as a web page.",
    )
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    whole.add_argument(
        "--config",
        metavar="FILE",
        help="a TOML file of settings; the command "
        "line wins. Only there: tied, token_file, marks_file, auth_header, proxies,"
        " proxy_secret_file",
    )
    whole.add_argument("--data-dir", help="collectd's folder of RRD files")
    whole.add_argument("--prometheus", metavar="URL", help="read this server, not files")
    whole.add_argument("--users-file", metavar="FILE", help="name:hash lines for basic auth")
    whole.add_argument(
        "--hash-password",
        action="store_true",
        help="print the hash of a password from the standard input, and end",
    )
    whole.add_argument("--rrdcached", help="unix:/absolute/path of its socket")
    whole.add_argument("--host", default="127.0.0.1", help="address to listen on")
    whole.add_argument("--port", type=_number(0, 65535), default=8087, help="0: any free one")
    whole.add_argument("--interval", type=_number(1, 3600), help="seconds between samples")
    whole.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name readers use for this server; repeat; * for any",
    )
    whole.add_argument(
        "--prefix", metavar="PATH", help="path below which a proxy shows this, e.g. /queues"
    )
    whole.add_argument("--threads", type=_number(1, 256), default=4, help="answers made at a time")
    return whole


def _number(low: int, high: int) -> Callable[[str], int]:
    """Return a type of argparse for whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number, {low} to {high}")
        return int(text)

    return read


def combined(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the file and, above them, of the command line.

    Raises:
        ConfigError: the file cannot be read, or nothing says where the series are.
    """
    settings: dict[str, Any] = toml_file.read(options.config) if options.config else {}
    if "token" in settings:
        raise ConfigError(
            options.config,
            "token",
            "(not shown)",
            "this file may be read by"
            " others: put the token into a file of mode 0600 and name it token_file",
        )
    for name in ("data_dir", "rrdcached", "interval", "prometheus", "users_file", "prefix"):
        if getattr(options, name) is not None:
            settings[name] = getattr(options, name)
    if not settings.get("data_dir") and not settings.get("prometheus"):
        raise ConfigError("dashboard", "--data-dir", None, "say where the series are")
    hosts = settings.get("hosts", [])
    if isinstance(hosts, list):  # anything else is reported as a mistake
        settings["hosts"] = [*LOOPBACK_HOSTS, options.host, *hosts, *options.allow_host]
    return settings


def _client_of(settings: Settings) -> Callable[[str, Mapping[str, str]], str]:
    """Return what names a request's client, whose share of the threads is bounded."""
    forwarded_for, secret = (name.upper().replace("-", "_") for name in (FOR_HEADER, SECRET_HEADER))

    def client(peer: str, headers: Mapping[str, str]) -> str:
        asker = asker_of(settings, peer, headers.get(forwarded_for, ""), headers.get(secret, ""))
        name = network(asker)
        # A user of this host has 16 million loopback addresses.
        return neighbourhood(name) if name.startswith("127.") else name

    return client


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    open_closed()
    try:
        try:
            options = parser().parse_args(arguments)
        finally:
            sys.stdout.flush()  # after a text of help
        return _hash_password() if options.hash_password else _serve(options)
    except OSError as error:
        complain(f"collectd-fedmsg-dashboard: {error}")
        return 2
    finally:
        flush_or_discard()


def _hash_password() -> int:
    """Print the hash of the password on the standard input."""
    try:
        password = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not password:
        complain(
            "--hash-password: a line of UTF-8 with the password is wanted on the standard input"
        )
        return 2
    print(generate_password_hash(password), flush=True)
    return 0


def _serve(options: argparse.Namespace) -> int:
    try:
        app = create_app(Settings.of(combined(options), options.config or "dashboard"))
    except HealthError as error:
        complain(str(error))
        return 2
    app.extensions["fleet"].warm()
    settings = app.extensions["settings"]
    guarded = settings.users_file or settings.auth_header
    if not is_loopback(options.host) and not guarded:
        complain(
            f"Warning: {options.host} can be reached from other machines and nobody has to log"
            " in; put a proxy that asks for a login in front, or use --users-file."
        )
    raise_file_limit()
    # A page sends several requests at once; a short wait for a thread is no warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    host = options.host.strip("[]")
    shown = f"[{host}]" if ":" in host else host
    try:
        server = create_server(
            app, host, options.port, options.threads, settings.prefix, client=_client_of(settings)
        )
    except (OSError, ValueError) as error:
        # waitress says ValueError of a name that is not known.
        reason = getattr(error, "strerror", None) or "names no address of this machine"
        complain(f"--host, --port: {shown}:{options.port}: {reason}")
        return 2
    with contextlib.suppress(OSError):  # it serves, whether anybody reads this or not
        print(f"Dashboard: http://{shown}:{server.effective_port}{settings.prefix}/", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
