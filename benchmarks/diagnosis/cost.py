"""CPU time of one evaluation of a fleet; judges one daemon's hour a thousand times."""

from __future__ import annotations

import time
from dataclasses import replace

from collectd_fedmsg_dashboard.judge.baselines import Baselines
from collectd_fedmsg_dashboard.judge.judge import Judge
from collectd_fedmsg_dashboard.web.query import Window

from collectd_fedmsg.diagnosis import Baseline
from collectd_fedmsg.diagnosis.judgement import judge

from .episodes import single
from .evaluate import stored
from .memory_store import HOUR

FLEET, WEEKS = 1000, 6
WEEK = 7 * 24 * HOUR


def fleet_seconds() -> float:
    """Return CPU seconds to judge 1,000 daemons, a tenth of them in trouble.

    Each has six weeks of baseline that was not looked at before.
    """
    episode = single("slow")(1)
    store, _, _ = stored(episode)
    reader = Judge(store, Baselines(store))
    well = int(episode.traffic.parts[1].start) - 60
    moments = [well] * 9 + [
        int((episode.traffic.parts[1].start + episode.traffic.parts[2].start) / 2)
    ]
    histories = []
    for now in moments:
        columns = reader.columns(store.daemon, Window(now - HOUR, now, 1))
        histories.append(reader.look(store.daemon, columns, dict, now).judged.history)  # type: ignore[arg-type]
    known = reader.baselines.of(store.daemon, well)
    week = list(known.hours)[-7 * 24 :] if known else []
    hours = tuple(
        replace(hour, start=hour.start - back * WEEK)
        for back in range(WEEKS - 1, -1, -1)
        for hour in week
    )
    fleet = [
        (histories[i % len(moments)], moments[i % len(moments)], Baseline(hours))
        for i in range(FLEET)
    ]
    began = time.process_time()
    for history, now, baseline in fleet:
        judge(history, now, baseline)
    return time.process_time() - began
