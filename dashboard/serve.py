"""Serve the dashboard on waitress: ``python -m collectd_fedmsg_dashboard.serve``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import waitress

from collectd_fedmsg.errors import ConfigError

from . import create_app
from .config import LOOPBACK_HOSTS


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(prog="collectd-fedmsg-dashboard", description=__doc__)
    parser.add_argument("--data-dir", required=True, help="collectd's folder of RRD files")
    parser.add_argument("--rrdcached", default="", help="unix:/absolute/path of its socket")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8087, help="0: any free one")
    parser.add_argument("--interval", type=int, default=10, help="seconds between samples")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                        help="a name readers use for this server; repeat; * for any")
    parser.add_argument("--threads", type=int, default=4)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    options = arguments(given)
    settings: dict[str, Any] = {
        "data_dir": options.data_dir, "rrdcached": options.rrdcached,
        "interval": options.interval,
        "hosts": (*LOOPBACK_HOSTS, options.host.lower(), *map(str.lower, options.allow_host)),
    }
    try:
        app = create_app(settings)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if options.host not in ("127.0.0.1", "::1", "localhost"):
        print(f"Warning: {options.host} can be reached from other machines and nobody has to log"
              " in; put a proxy that asks for a login in front.", file=sys.stderr)
    # Slow readers hold a connection, not a thread, and only for the channel's timeout.
    server = waitress.create_server(app, host=options.host, port=options.port, ident="",
                                    threads=options.threads, connection_limit=1000,
                                    channel_timeout=10)
    print(f"Dashboard: http://{options.host}:{server.effective_port}/", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
