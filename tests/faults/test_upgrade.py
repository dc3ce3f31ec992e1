"""An old reader with a new daemon, a new reader with an old daemon, old state and settings."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

from collectd_fedmsg import cursors, ring, wire
from collectd_fedmsg.collectd_config import read_block
from collectd_fedmsg.roster import Producer, Roster
from collectd_fedmsg.sample import Sample
from collectd_fedmsg.settings import read
from tests.conftest import Figure
from tests.faults.first_edition import cursors as old_cursors
from tests.faults.first_edition import ring as old_ring
from tests.faults.first_edition import sample as old_sample
from tests.faults.first_edition import wire as old_wire

HERE = "ipc:///run/hub.7.sock"


def told(kind, at: float):
    """Return a sample of either edition, with everything that both know."""
    return kind("Archiver", at, 50, 40, 6, 4, failed=3, rejected=2, busy=900, workers=2,
                oldest=1.5, delay=0.25, service_p50=0.1, service_p95=0.2, service_p99=0.3,
                service_max=0.4, observable=True, topics={"a": 30, "other": 20})  # fmt: skip


def page(edition, rows, kind):
    rows.add([told(kind, 100.0), kind("Other", 100.0, 1, 1, 0, 0)])
    rows.add([told(kind, 110.0)])
    origin = edition.Origin("hub", "bus01", 7, "ab12", 90.5, 10)
    return edition.encode_reply(origin, 120.0, 20.0, rows.after(None))


def same(ours, theirs) -> None:
    known = [one.name for one in fields(old_sample.Sample)]
    for (number, one), (again, other) in zip(ours, theirs):
        assert number == again
        assert all(getattr(one, name) == getattr(other, name) for name in known)


def test_a_new_reader_and_an_old_daemon(figure: Figure) -> None:
    """The old frame is taken whole; what it does not tell is not invented."""
    frame = page(old_wire, old_ring.Ring(rounds=10), old_sample.Sample)
    reply = wire.decode_reply(frame)
    same(old_wire.decode_reply(frame).samples, reply.samples)
    assert reply.roster.producers is None
    assert old_wire.decode_request(wire.encode_request(wire.Request("ab12", 4))).after == 4
    figure("new reader, daemon of commit 9c4e6cd", f"{len(reply.samples)} samples, the same")


def test_an_old_reader_and_a_new_daemon(figure: Figure) -> None:
    """The new frame is taken by the old code; new fields are passed over."""
    rows = ring.Ring(rounds=10)
    frame = page(wire, rows, Sample)
    reply = old_wire.decode_reply(frame)
    same(reply.samples, wire.decode_reply(frame).samples)
    origin = wire.Origin("hub", "bus01", 7, "ab12", 90.5, 10)
    roster = Roster(("Archiver",), (Producer("P", 5.0, 99.0),))
    head = wire.encode_reply(origin, 120.0, 20.0, rows.after(None), roster)
    assert len(old_wire.decode_reply(head).samples) == 3
    assert wire.decode_request(old_wire.encode_request(old_wire.Request("ab12", 4))).after == 4
    figure("reader of commit 9c4e6cd, new daemon", f"{len(reply.samples)} samples, the same")


def test_a_later_edition_is_read_too() -> None:
    """Fields and places that nobody knows yet are passed over."""
    raw = json.loads(page(wire, ring.Ring(rounds=10), Sample))
    raw["fields"].append("mood")
    raw["rows"] = [[*row, "good"] for row in raw["rows"]]
    raw["weather"] = {"sun": [1, 2]}
    assert len(wire.decode_reply(json.dumps(raw).encode()).samples) == 3


def test_old_state_goes_on(tmp_path: Path) -> None:
    """Cursors that the first edition saved: nothing is dispatched twice, nothing is lost."""
    path = tmp_path / "cursors.json"
    before = old_cursors.Cursors()
    frame = page(old_wire, old_ring.Ring(rounds=10), old_sample.Sample)
    assert len(before.accept(HERE, old_wire.decode_reply(frame))[0]) == 3
    before.save(path)
    now = cursors.Cursors()
    now.load(path)
    assert (now.request(HERE).run, now.request(HERE).after) == ("ab12", 2)
    assert now.accept(HERE, wire.decode_reply(frame)).fresh == []
    rows = ring.Ring(rounds=10)
    page(wire, rows, Sample)
    rows.add([told(Sample, 120.0)])
    origin = wire.Origin("hub", "bus01", 7, "ab12", 90.5, 10)
    later = wire.encode_reply(origin, 130.0, 30.0, rows.after(2))
    assert [one.time for one in now.accept(HERE, wire.decode_reply(later)).fresh] == [120.0]
    ended = now.end(HERE)
    assert dict(ended.lost) == {"Archiver": 10}


def test_old_settings_are_settings_still() -> None:
    """What fedmsg.d and collectd.conf said for the first edition means the same."""
    config = {
        "collectd_fedmsg.enabled": True, "collectd_fedmsg.service": "hub",
        "collectd_fedmsg.run_folder": "/run/fedmsg-health", "collectd_fedmsg.interval": 10,
        "collectd_fedmsg.history": 3600, "collectd_fedmsg.group": "collectd",
    }  # fmt: skip
    settings = read(config)
    assert settings is not None
    assert (settings.service, settings.interval, settings.history) == ("hub", 10, 3600)
    said = {
        "Endpoints": ["/run/fedmsg-health/*.sock", "tcp://db01:9941"], "Interval": [10.0],
        "Timeout": [2.0], "StateFile": ["/var/lib/x.json"], "CurveKeys": ["/etc/x"],
        "MaxConsumers": [500.0], "Topics": [False], "Host": ["tcp://db01:9941", "db01"],
        "MokshaSocket": ["ipc:///run/m.sock", "old"],
        "FedoraMessaging": ["http://127.0.0.1:8001", "new"],
    }  # fmt: skip
    block = SimpleNamespace(children=[SimpleNamespace(key=key, values=values)
                                      for key, values in said.items()])  # fmt: skip
    assert read_block(block).max_consumers == 500
