"""``collectd-fedmsg alerts …``: check the rules, run the evaluator, test outputs, give orders."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from collectd_fedmsg.alerts.rules_file import Mistakes, parse

#: Modules with ``add(deeds)``, beside this one's own.
DEEDS = ("alerts_run", "alerts_orders")


def add(commands: Any) -> None:
    """Add the command's parser."""
    deeds = commands.add_parser("alerts", help="rules of alerting").add_subparsers(
        required=True, metavar="DEED")
    parser = deeds.add_parser("check-config", help="find the mistakes in a rules file")
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=check_config)
    for name in DEEDS:
        importlib.import_module(f"collectd_fedmsg.commands.{name}").add(deeds)


def check_config(options: argparse.Namespace) -> int:
    """Print each mistake with file, key and value; 0 when there is none, else 1."""
    try:
        rules = parse(options.file.read_text("utf-8"), str(options.file))
    except (OSError, UnicodeDecodeError, Mistakes) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.file}: {len(rules.rules)} rules, {len(rules.overrides)} overrides,"
          f" {len(rules.outputs)} outputs")
    return 0
