"""Options that select daemons and series; shared by commands."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from collectd_fedmsg.commands.stored_series import Stored, open_stored, settings_of
from collectd_fedmsg.diagnosis.fleet.incident import Incident
from collectd_fedmsg.diagnosis.judgement import Judged, Judgement
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.humanize import parse_moment, utc

#: Seconds that a moment typed as "now" may lie ahead of this clock.
CLOCKS_DIFFER = 60.0


def where(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the series are."""
    parser.add_argument(
        "--config",
        default="",
        metavar="FILE",
        help="the dashboard's TOML file: where the series are, what is shared",
    )
    parser.add_argument("--data-dir", metavar="FOLDER", help="collectd's folder of RRD files")
    parser.add_argument("--rrdcached", metavar="unix:/PATH", help="its socket, when it is used")
    parser.add_argument("--prometheus", metavar="URL", help="read this server, not files")
    parser.add_argument("--interval", type=int, help="seconds between samples (Prometheus)")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options: where the series are, which daemons are meant."""
    where(parser)
    for name in ("host", "service", "consumer"):
        parser.add_argument(
            f"--{name}",
            default="*",
            metavar="PATTERN",
            help=f"only matching {name}s; all are compared",
        )
    parser.add_argument("--json", action="store_true", help="print JSON")


def at(text: str) -> float:
    """Return epoch seconds of an option's text."""
    try:
        return parse_moment(text, time.time())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from error


def future(moment: float, now: float) -> str:
    """Return why a moment cannot be judged when it has not come yet, else an empty text."""
    if moment <= now + CLOCKS_DIFFER:
        return ""
    return f"{utc(moment)} has not come yet: nothing is known of it"


def stored(options: argparse.Namespace) -> Stored | None:
    """Return the stored series that the options name; None when they name none.

    Raises:
        ConfigError, StoreError: they cannot be read.
    """
    if not (options.config or options.data_dir or options.prometheus):
        return None
    values: dict[str, Any] = {
        name: getattr(options, name) for name in ("data_dir", "rrdcached", "prometheus", "interval")
    }
    settings = settings_of(options.config, values)
    folder = settings.get("data_dir")
    if folder and not settings.get("prometheus") and not Path(folder).is_dir():
        # The page waits for the folder to appear; for a command a missing one is a misspelling.
        place = "command line" if options.data_dir else options.config
        raise ConfigError(place, "data_dir", folder, "is no folder here")
    return open_stored(settings)


def nobody(options: argparse.Namespace) -> str:
    """Return the sentence for when none of the daemons asked for is known."""
    asked = [
        f"{name} {getattr(options, name)!r}"
        for name in ("host", "service", "consumer")
        if getattr(options, name) != "*"
    ]
    if asked:
        return f"no daemon is known here with {', '.join(asked)}"
    if options.config or options.data_dir or options.prometheus:
        return "nothing is stored here of any daemon"
    return "no daemon answers: `collectd-fedmsg doctor` says why"


def meant(options: argparse.Namespace, daemon: Judged) -> bool:
    """Return whether the options ask for this daemon."""
    return all(
        fnmatchcase(getattr(daemon, name), getattr(options, name))
        for name in ("host", "service", "consumer")
    )


def narrowed(options: argparse.Namespace, whole: Judgement) -> Judgement:
    """Return the judgement of the daemons asked for; incidents that none of them is in left out."""
    daemons = tuple(daemon for daemon in whole.daemons if meant(options, daemon))
    wanted = {daemon.id for daemon in daemons}
    return Judgement(whole.now, daemons, tuple(within(whole.incidents, wanted)))


def within(incidents: Iterable[Incident], wanted: set[str]) -> Iterable[Incident]:
    """Yield the incidents of which one of these daemons is a member."""
    return (incident for incident in incidents if wanted.intersection(incident.members))
