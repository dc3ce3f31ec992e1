"""``collectd-fedmsg keys FOLDER``: make the CURVE keys that TCP needs."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from zmq.auth import create_certificates

WHERE = """{folder}/daemon  goes to the daemon's host:
    "collectd_fedmsg.curve_keys": "{folder}/daemon",   in fedmsg.d; readable by the daemon only
{folder}/reader  goes to collectd's host:
    CurveKeys "{folder}/reader"   in collectd.conf; readable by collectd only
A reader whose key is not in daemon/clients/ is refused.
"""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("keys", help="make CURVE keys for TCP endpoints")
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make a daemon's and a reader's keys, each with the other's public one."""
    folder: Path = options.folder.absolute()
    try:
        make(folder)
    except FileExistsError:
        print(f"{folder} exists; keys are never overwritten", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return 1
    print(WHERE.format(folder=folder), end="")
    return 0


def make(folder: Path) -> None:
    """Write the folders ``daemon`` and ``reader``, mode 0700, secrets 0600.

    Raises:
        OSError: ``folder`` exists or cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True)
    daemon, reader = folder / "daemon", folder / "reader"
    for directory in (daemon, daemon / "clients", reader):
        directory.mkdir(mode=0o700)
    server, _ = create_certificates(str(daemon), "server")
    client, _ = create_certificates(str(reader), "client")
    shutil.move(server, reader / "server.key")
    shutil.move(client, daemon / "clients" / "client.key")
    for secret in (daemon / "server.key_secret", reader / "client.key_secret"):
        secret.chmod(0o600)
