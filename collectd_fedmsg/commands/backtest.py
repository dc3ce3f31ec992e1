"""``collectd-fedmsg backtest``: the verdicts and alerts that stored series would have given.

Each moment is judged as it stood then: nothing later is looked at. Where only old, coarse
archives are left, verdicts come later and surer causes are rarer than they were live.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collectd_fedmsg.alerts.rules_file import read
from collectd_fedmsg.commands.episodes import Episode, Episodes
from collectd_fedmsg.errors import HealthError
from collectd_fedmsg.humanize import duration, utc

from ..alerts.records import Notice
from ..names import visible
from . import selection
from .paging import Paging

#: Seconds; the mean month of the Gregorian calendar.
MONTH = 30.436875 * 86400
#: Moments judged in one run: five weeks of minutes, a millisecond each for each daemon.
MAX_MOMENTS = 50_000


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "backtest", help="verdicts and alerts of a past period", description=__doc__
    )
    selection.add(parser)
    parser.add_argument(
        "--from",
        dest="start",
        type=selection.at,
        required=True,
        metavar="TIME",
        help="7d (ago), 2026-11-24, 2026-11-24 09:30, epoch seconds",
    )
    parser.add_argument(
        "--to", dest="end", type=selection.at, default=None, metavar="TIME", help="now unless given"
    )
    parser.add_argument(
        "--every", type=int, default=60, metavar="SECONDS", help="time between judged moments (60)"
    )
    parser.add_argument("--rules", type=Path, metavar="FILE", help="also list its alerts")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the episodes; 0 when it could be judged, else 2."""
    now = time.time()
    end = now if options.end is None else options.end
    refused = _refused(options, end, now)
    if refused:
        print(f"backtest: {refused}", file=sys.stderr)
        return 2
    try:
        paging = None
        if options.rules is not None:
            paging = Paging(read(options.rules)[0], options.every)
        series = selection.stored(options)
        if series is None:
            print(
                "backtest: say where the series are: --data-dir, --prometheus or --config",
                file=sys.stderr,
            )
            return 2
        episodes, moments, known = Episodes(), 0, False
        progress = Progress(options.start, end)
        for whole in series.replay(int(options.start), int(end), options.every):
            chosen = selection.narrowed(options, whole)
            episodes.add(chosen)
            moments += 1
            progress.show(whole.now)
            known = known or bool(chosen.daemons)
            if paging is not None:
                paging.add(chosen)
    except (HealthError, OSError) as error:
        print(f"backtest: {error}", file=sys.stderr)
        return 2
    if not known:
        # Of nobody nothing can be said, least of all that all were well.
        print(f"backtest: {selection.nobody(options)}", file=sys.stderr)
        return 2
    seconds = end - options.start
    if options.json:
        print(
            json.dumps(
                {
                    "from": options.start,
                    "to": end,
                    "every": options.every,
                    "moments": moments,
                    **_json(episodes, paging, seconds),
                }
            )
        )
    else:
        print("\n".join(visible(line) for line in report(episodes, paging, seconds)))
    return 0


def _refused(options: argparse.Namespace, end: float, now: float) -> str:
    """Return why these moments are not judged; empty when they are."""
    if options.every < 1 or not options.start < end:
        return "--from must be before --to, --every 1 or more"
    if late := selection.future(end, now):
        return f"--to {late}"
    moments = (end - options.start) / options.every
    if moments > MAX_MOMENTS:
        least = math.ceil((end - options.start) / MAX_MOMENTS)
        return (
            f"{moments:,.0f} moments are more than {MAX_MOMENTS:,}: choose a shorter time"
            f" or --every {least} or more"
        )
    return ""


class Progress:
    """How far it is, on a terminal's standard error; nothing where nobody watches."""

    def __init__(self, start: float, end: float) -> None:
        self._start, self._end = start, end
        self._began = self._shown = time.monotonic()
        self._watched = sys.stderr.isatty()

    def show(self, moment: float) -> None:
        """Write the share judged and the time left, at most once a second."""
        at = time.monotonic()
        if not self._watched or (at - self._shown < 1 and moment < self._end):
            return
        self._shown = at
        print(f"\r{self.text(moment, at - self._began)}\x1b[K", end="", file=sys.stderr, flush=True)
        if moment >= self._end:
            print(file=sys.stderr)

    def text(self, moment: float, seconds: float) -> str:
        """Return what is shown after ``seconds`` of judging up to ``moment`` (epoch seconds)."""
        share = (moment - self._start) / (self._end - self._start)
        left = duration(seconds * (1 - share) / share) if share > 0 else "–"
        return f"judged up to {utc(moment)}, {share:.0%}; {left} left"


def per_month(pages: int, seconds: float) -> float | None:
    """Return how many pages that makes in a month; of less than a day nobody can tell."""
    return round(pages * MONTH / seconds, 2) if seconds >= 86400 else None


def _json(episodes: Episodes, paging: Paging | None, seconds: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "episodes": [episode.to_dict() for episode in episodes.episodes],
        "incidents": [incident.to_dict() for incident in episodes.incidents],
    }
    if paging is not None:
        fields["pages"] = [
            {
                "at": page.at,
                "kind": page.kind,
                "severity": page.severity,
                "subjects": [alert.subject.id for alert in page.alerts],
                "rules": sorted({alert.rule for alert in page.alerts}),
                "causes": sorted({alert.cause for alert in page.alerts}),
            }
            for page in paging.pages
        ]
        fields["pages_per_month"] = per_month(len(paging.pages), seconds)
    return fields


def report(episodes: Episodes, paging: Paging | None, seconds: float) -> Iterator[str]:
    """Yield the report's lines, times in UTC."""
    for episode in episodes.incidents:
        yield f"{_when(episode)}  incident: {episode.sentence}"
    for episode in episodes.episodes:
        yield f"{_when(episode)}  {episode.verdict.name:<14} {episode.subject}: {episode.sentence}"
    if not episodes.episodes:
        yield f"Nothing to say of {duration(seconds)}: all were well."
    if paging is not None:
        for notice in paging.pages:
            yield f"{utc(notice.at)}  page ({notice.severity}): {_about(notice)}"
        monthly = per_month(len(paging.pages), seconds)
        rate = (
            "too short a time to say how many a month"
            if monthly is None
            else (f"{monthly:.1f} a month")
        )
        yield f"{len(paging.pages)} pages in {duration(seconds)}: {rate}"


def _when(episode: Episode) -> str:
    more = "" if episode.over else ", still"
    return f"{utc(episode.start)} - {utc(episode.end)} ({duration(episode.duration)}{more})"


def _about(notice: Notice) -> str:
    worst = notice.alerts[0]
    others = f" and {len(notice.alerts) - 1} more" if len(notice.alerts) > 1 else ""
    return f"{worst.cause}: {worst.subject.words}{others} (rule {worst.rule})"
