"""Serve the dashboard on waitress: ``python -m collectd_fedmsg_dashboard.serve``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from werkzeug.security import generate_password_hash

from collectd_fedmsg import __version__
from collectd_fedmsg.errors import ConfigError, HealthError

from . import create_app
from .config import LOOPBACK_HOSTS
from .web.connections import create_server, raise_file_limit

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - the same parser under its older name
    import tomli as tomllib


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    whole = argparse.ArgumentParser(
        prog="collectd-fedmsg-dashboard",
        description="Show the queue health of fedmsg daemons as a web page.")
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    whole.add_argument("--config", metavar="FILE", help="a TOML file of settings; the command "
                        "line wins. Only there: tied, token, marks_file, auth_header, proxies")
    whole.add_argument("--data-dir", help="collectd's folder of RRD files")
    whole.add_argument("--prometheus", metavar="URL", help="read from there, not from files")
    whole.add_argument("--users-file", metavar="FILE", help="name:hash lines for basic auth")
    whole.add_argument("--hash-password", action="store_true",
                        help="print the hash of a password from the standard input, and end")
    whole.add_argument("--rrdcached", help="unix:/absolute/path of its socket")
    whole.add_argument("--host", default="127.0.0.1", help="address to listen on")
    whole.add_argument("--port", type=int, default=8087, help="0: any free one")
    whole.add_argument("--interval", type=int, help="seconds between samples")
    whole.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                        help="a name readers use for this server; repeat; * for any")
    whole.add_argument("--prefix", metavar="PATH",
                        help="path below which a proxy shows this, e.g. /queues")
    whole.add_argument("--threads", type=int, default=4, help="answers made at a time")
    return whole


def combined(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the file and, above them, of the command line.

    Raises:
        ConfigError: the file cannot be read, or nothing says where the series are.
    """
    settings: dict[str, Any] = {}
    if options.config:
        try:
            settings = tomllib.loads(Path(options.config).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError("dashboard", "--config", options.config, str(error)) from error
    for name in ("data_dir", "rrdcached", "interval", "prometheus", "users_file", "prefix"):
        if getattr(options, name) is not None:
            settings[name] = getattr(options, name)
    if not settings.get("data_dir") and not settings.get("prometheus"):
        raise ConfigError("dashboard", "--data-dir", None, "say where the series are")
    settings["hosts"] = (*LOOPBACK_HOSTS, options.host.lower(), *settings.get("hosts", ()),
                         *map(str.lower, options.allow_host))
    return settings


def main(given: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    options = parser().parse_args(given)
    if options.hash_password:
        print(generate_password_hash(sys.stdin.readline().rstrip("\n")))
        return 0
    try:
        app = create_app(combined(options))
    except HealthError as error:
        print(error, file=sys.stderr)
        return 2
    app.extensions["fleet"].warm()
    settings = app.extensions["settings"]
    guarded = settings.users_file or settings.auth_header
    if options.host not in ("127.0.0.1", "::1", "localhost") and not guarded:
        print(f"Warning: {options.host} can be reached from other machines and nobody has to log"
              " in; put a proxy that asks for a login in front, or use --users-file.",
              file=sys.stderr)
    raise_file_limit()
    # A page asks several things at once; that one waits a moment for a thread is no warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(app, options.host, options.port, options.threads, settings.prefix)
    print(f"Dashboard: http://{options.host}:{server.effective_port}{settings.prefix}/", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
