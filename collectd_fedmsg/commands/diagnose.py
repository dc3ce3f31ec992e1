"""``collectd-fedmsg diagnose``: why each daemon falls behind, now or at a past moment.

From stored series, or without any from the rings of the daemons of this host.
Exit code 0: nothing to look at today; 1: something is; 2: it cannot be told, because nothing
answers, or of no daemon enough is known.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

from collectd_fedmsg.commands.stored_series import settings_of
from collectd_fedmsg.diagnosis import build_history as rings
from collectd_fedmsg.diagnosis.fleet.groups import dependencies
from collectd_fedmsg.diagnosis.judgement import Judged, Judgement, judge, judgement
from collectd_fedmsg.errors import HealthError
from collectd_fedmsg.names import escape
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Harvest, latest
from collectd_fedmsg.reader.evidence_files import EVIDENCE_FILES, EvidenceFiles, changes_of

from ..diagnosis.verdict import Diagnosis, Verdict
from ..diagnosis.where import with_evidence
from ..humanize import count, duration, rate
from ..names import visible
from . import selection
from .top import SOCKETS, troubles

#: From this severity on somebody should look today.
TODAY = 2


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "diagnose", help="why each daemon falls behind", description=__doc__
    )
    selection.add(parser)
    parser.add_argument(
        "--at",
        type=selection.at,
        metavar="TIME",
        help="a past moment (stored series): 2h, 2026-11-24 09:30, epoch seconds",
    )
    parser.add_argument("--all", action="store_true", help="all daemons in full, healthy ones too")
    parser.add_argument("--endpoints", default=SOCKETS, help="glob, without stored series")
    parser.add_argument(
        "--evidence",
        default=EVIDENCE_FILES,
        metavar="GLOB",
        help="collectd's files of what changed, without stored series",
    )
    parser.add_argument("-t", "--timeout", type=float, default=5.0, help="seconds, for sockets")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the judgement; return 0, 1 or 2."""
    now = time.time()
    try:
        series = selection.stored(options)
        if options.at is not None and (refused := selection.future(options.at, now)):
            print(f"diagnose: --at {refused}", file=sys.stderr)
            return 2
        if series is not None:
            whole, wrong = series.judgement(now if options.at is None else options.at), []
        elif options.at is not None:
            print(
                "diagnose: --at wants stored series: --data-dir, --prometheus or --config",
                file=sys.stderr,
            )
            return 2
        else:
            harvest = latest([options.endpoints], options.timeout, now)
            whole, wrong = live(harvest, now, options.config, options.evidence), troubles(harvest)
    except HealthError as error:
        print(f"diagnose: {error}", file=sys.stderr)
        return 2
    chosen = selection.narrowed(options, whole)
    for line in wrong:
        print(line, file=sys.stderr)
    if not chosen.daemons:
        print(f"diagnose: {selection.nobody(options)}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(chosen.to_dict()))
    else:
        print("\n".join(visible(line) for line in lines(chosen, at_length=options.all)))
    return exit_code(chosen)


def exit_code(whole: Judgement) -> int:
    """Return 1 when somebody should look today, 2 when of no daemon enough is known, else 0."""
    if any(daemon.diagnosis.severity >= TODAY for daemon in whole.daemons):
        return 1
    known = any(daemon.diagnosis.verdict is not Verdict.UNKNOWN for daemon in whole.daemons)
    return 0 if known else 2


def live(
    harvest: Harvest, now: float, config: str = "", evidence: str = EVIDENCE_FILES
) -> Judgement:
    """Return what is said of the daemons that answered; what is usual is not known of them.

    Args:
        harvest, now: their rings, epoch seconds.
        config: the dashboard's file, which says what is shared.
        evidence: a glob of collectd's files, which say what changed in them.

    Raises:
        ConfigError: a mistake in what is declared to be shared.
    """
    host = socket.getfqdn()
    rows: dict[tuple[str, str], tuple[float, list[Sample]]] = {}
    for _, origin, samples in harvest.fresh:
        for sample in samples:
            key = (origin.service, sample.consumer)
            rows.setdefault(key, (origin.interval, []))[1].append(sample)
    changes = changes_of({host, "localhost"}, EvidenceFiles(evidence).all())
    judged = []
    for (service, consumer), (interval, samples) in sorted(rows.items()):
        past = rings.history(samples, interval)
        name = "/".join(escape(part) for part in (host, service, consumer))
        judged.append(
            Judged(
                name,
                host,
                service,
                consumer,
                with_evidence(judge(past, now), samples, changes.get(service, ())),
                past,
                samples[-1].time,
            )
        )
    shared = settings_of(config, {}).get("shared", ())
    return judgement(now, judged, dependencies(shared, config or "--config"))


def lines(whole: Judgement, *, at_length: bool = False) -> Iterator[str]:
    """Yield incidents, then each ailing daemon at length, then the well ones in one line each."""
    for incident in whole.incidents:
        if incident.shared:
            yield f"** {incident.sentence}"
            yield f"   {incident.action}"
    notes = {
        name: incident.sibling_note
        for incident in whole.incidents
        for name in incident.members
        if not incident.shared and incident.sibling_note
    }
    ordered = sorted(whole.daemons, key=lambda daemon: (-daemon.diagnosis.severity, daemon.id))
    for daemon in ordered:
        yield from _daemon(
            daemon, notes.get(daemon.id), at_length or not daemon.diagnosis.verdict.healthy
        )


def _daemon(daemon: Judged, sibling_note: str | None, at_length: bool) -> Iterator[str]:
    diagnosis, name = daemon.diagnosis, f"{daemon.consumer} of {daemon.service} on {daemon.host}"
    cause = diagnosis.findings[0]
    if not at_length:
        yield f"{cause.verdict.name:<14} {name}: {'; '.join(cause.evidence[:1])}"
        return
    yield f"{cause.verdict.name:<14} {name} ({cause.certainty:.0%} sure)"
    yield f"    {cause.verdict.meaning} {cause.verdict.action}"
    for finding in diagnosis.findings:
        mark = "" if finding is cause else f"{finding.verdict.name}: "
        for sentence in finding.evidence:
            yield f"    - {mark}{sentence}"
    if sibling_note:
        yield f"    - siblings: {sibling_note}"
    yield from _figures(diagnosis)
    if diagnosis.missing:
        yield f"    missing: {', '.join(diagnosis.missing)}"


def _figures(diagnosis: Diagnosis) -> Iterator[str]:
    split, drain = diagnosis.split, diagnosis.drain
    if split is not None and split.growth > 0:
        yield (
            f"    split: {count(split.excess)} messages by excess arrivals,"
            f" {count(split.lost)} by lost service"
        )
    if drain is not None:
        latest = "never" if drain.latest is None else duration(drain.latest)
        bounds = f"{duration(drain.earliest)} to {latest}"
        yield "    drained in " + (
            f"{duration(drain.seconds)} ({bounds})" if drain.claimed else bounds
        )
    if diagnosis.saturation_time is not None:
        yield f"    workers full in {duration(max(0.0, diagnosis.saturation_time - diagnosis.now))}"
    usual = diagnosis.usual
    if usual is not None and usual.hours:
        service = f", {duration(usual.service)} per message" if usual.service is not None else ""
        yield f"    usual: {rate(usual.received)} arrive{service}"
