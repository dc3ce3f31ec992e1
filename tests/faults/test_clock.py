"""The clock stepped by an hour, forth and back: real sockets, real RRD, injected clock."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

rrdtool = pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg.hub import responder  # noqa: E402
from collectd_fedmsg.hub.settings import Settings  # noqa: E402
from collectd_fedmsg.protocol.sample import Sample  # noqa: E402
from collectd_fedmsg.protocol.sockets import socket_path  # noqa: E402
from collectd_fedmsg.reader.collect import Harvest, Reader, latest  # noqa: E402
from collectd_fedmsg.reader.requester import Requester  # noqa: E402
from examples.processes import wait_for  # noqa: E402
from tests.conftest import Figure  # noqa: E402
from tests.integration.test_store_rrd import STEP, fleet  # noqa: E402
from tests.listening import is_admitting  # noqa: E402

HOUR = 3600


class Clock:
    """The time module with a wall clock that can be stepped."""

    def __init__(self) -> None:
        self.offset = 0

    def time(self) -> float:
        return time.time() + self.offset

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class Stored:
    """What comes of the samples: one RRD, written as collectd does, refusals counted."""

    def __init__(self, path: Path, began: float) -> None:
        self.path, self.refused = path, 0
        rrdtool.create(str(path), "-s", "1", "-b", str(int(began) - 10),
                       f"DS:value:DERIVE:{HOUR // 2}:0:U", "RRA:AVERAGE:0.1:1:20000")  # fmt: skip

    def store(self, harvest: Harvest) -> int:
        stored = 0
        for _, _, samples in harvest.fresh:
            for sample in samples:
                try:
                    rrdtool.update(str(self.path), f"{sample.time:.0f}:{sample.received}")
                    stored += 1
                except rrdtool.OperationalError:
                    self.refused += 1
        return stored

    def rates(self, start: float, end: float) -> list[float]:
        _, _, rows = rrdtool.fetch(str(self.path), "AVERAGE", "-r", "1", "-s", str(int(start)),
                                   "-e", str(int(end)))  # fmt: skip
        return [row[0] for row in rows if row[0] is not None]


def test_stepped_by_an_hour(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Forward: a gap, then samples. Back: an error, nothing wrong is stored."""
    clock, total = Clock(), [0]
    monkeypatch.setattr(responder, "time", clock)

    def take(at: float) -> list[Sample]:
        total[0] += 7
        return [Sample("C", at, total[0], total[0], 0, 0)]

    daemon = responder.Responder(Settings("d", short_folder, interval=1), take)
    daemon.start()
    requester = Requester()
    began = clock.time()
    stored = Stored(short_folder / "x.rrd", began)
    reader = Reader([f"{short_folder}/*.sock"], requester)

    def more(count: int) -> bool:
        stored_count[0] += stored.store(reader.collect(2.0, clock.time()))
        return stored_count[0] >= count

    try:
        path = socket_path(short_folder, "d", os.getpid())
        wait_for("it listens", lambda: is_admitting(path))
        for offset in (0, HOUR, 2 * HOUR):
            clock.offset, stored_count = offset, [0]
            wait_for(f"samples at {offset:+} s", lambda: more(2))
        clock.offset = HOUR
        errors: list[str] = []

        def is_reported() -> bool:
            harvest = reader.collect(2.0, clock.time())
            assert not stored.store(harvest), "nothing goes back in time"
            errors.extend(harvest.errors.values())
            return bool(errors)

        wait_for("it is reported", is_reported)
        assert "its clock was set back" in errors[0]

        def present() -> bool:
            fresh = latest([f"{short_folder}/*.sock"], 30.0, clock.time()).fresh
            return bool(fresh) and abs(fresh[0][2][-1].time - clock.time()) < 5

        wait_for("who asks the daemon itself has the present", present)
        clock.offset, stored_count = 2 * HOUR + 60, [0]
        wait_for("it goes on when the clock has passed", lambda: more(2))
        rates = stored.rates(began - 5, clock.time() + 5)
    finally:
        requester.close()
        daemon.stop()
    assert stored.refused == 0
    assert min(rates) >= 0
    assert max(rates) <= 7 * 5, "no spike"
    figure("clock stepped +1 h, +1 h, -1 h, +1 h", f"{len(rates)} steps known, rates"
           f" {min(rates):.2f} to {max(rates):.2f}/s; after -1 h: {errors[0][:60]}…")  # fmt: skip


def test_old_steps_are_not_the_present(tmp_path: Path, figure: Figure) -> None:
    """After a clock was set back the page has samples for now, measured an hour ago: UNKNOWN."""
    from collectd_fedmsg_dashboard import create_app

    now = int(time.time()) // STEP * STEP
    for end, state in ((now + 700, "UNKNOWN"), (now, "OK")):
        root = tmp_path / state
        fleet(root, end)
        answer = create_app({"data_dir": root}).test_client().get("/api/v1/daemons").get_json()
        (row,) = answer["daemons"]
        assert (row["state"] == "UNKNOWN") == (state == "UNKNOWN"), row["text"]
        assert ("clock was set back" in row["text"]) == (state == "UNKNOWN")
    figure("stored samples from the future", "judged UNKNOWN: a clock was set back")
