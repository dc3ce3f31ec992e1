"""``collectd-fedmsg-dashboard``: serve the page, or name the module that is missing for it."""

from __future__ import annotations

import importlib
import sys


def main() -> int:
    """Serve the page; 2 where a module of the extra ``dashboard`` is not installed."""
    try:
        serve = importlib.import_module("collectd_fedmsg_dashboard.serve")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("collectd_fedmsg"):
            raise
        print(
            f"collectd-fedmsg-dashboard: the page needs the module {error.name}, which this Python"
            " has not: pip install 'collectd-fedmsg[dashboard]'",
            file=sys.stderr,
        )
        return 2
    return int(serve.main() or 0)
