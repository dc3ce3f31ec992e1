"""``python -m tests.faults.fuzz COUNT SEED``: hostile frames, both ways; prints the outcome.

Frames are made from real ones by changing bytes, values and structure. A frame that is refused
or accepted in a way not seen before is kept and changed further: guided by what the code does.
"""

from __future__ import annotations

import json
import math
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from collectd_fedmsg.collector.series import SeriesTable
from collectd_fedmsg.errors import DecodeError
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.metrics import TOPIC_METRICS
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import MAX_AGE, _plausible
from collectd_fedmsg.reader.cursors import Cursors

NOW = 1_800_000_000.0
HERE = "ipc:///run/hub.7.sock"
ORIGIN = wire.Origin("hub", "bus01", 7, "ab12", NOW - 500, 10)
MOST_KEPT = 400
DISPATCHED: Counter[str] = Counter()
EXTREMES = (
    None, True, False, -1, 0, 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400, 0.1,
    -0.0, 1e-320, 1e308, float("nan"), float("inf"), float("-inf"), "", "x", "a/b", "..", "\0",
    "\n", "é", "\u202e", "😀", "\ud800", "<script>", "x" * 300, "x" * 2000, [], {}, [[]], [{}],
    {"a": {}}, [1, 2, 3], {"other": 1}, NOW, NOW + 5, NOW + 50, NOW - 3600, NOW - 10**6,
)  # fmt: skip


def corpus() -> list[bytes]:
    """Return real frames: a request, an empty reply, one with rows, a full page."""
    rows = Ring(rounds=1000)
    for n in range(8):
        busy = {"a.b": n, "c": n}
        rows.add(
            [
                Sample(
                    "Archiver", NOW - 80 + 10 * n, 5 + 2 * n, 3 + n, 1 + n, 1, failed=n,
                    busy=9 * n, oldest=0.25, delay=0.1, service_max=1.5, topics=busy,
                ),
                Sample("Other", NOW - 80 + 10 * n, 3, 3, 0, 0, observable=False),
            ]
        )  # fmt: skip
    return [
        wire.encode_request(wire.Request("ab12", 4)),
        wire.encode_request(wire.Request()),
        wire.encode_reply(ORIGIN, NOW, 20.0, (0, -1, False, [])),
        wire.encode_reply(ORIGIN, NOW, 20.0, rows.after(13)),
        wire.encode_reply(ORIGIN, NOW, 20.0, rows.after(None)),
    ]


def mutate(frame: bytes, chance: random.Random) -> bytes:
    """Return a frame changed in its bytes or in its structure."""
    kind = chance.random()
    if kind < 0.25:
        return bytes_changed(frame, chance)
    if kind < 0.27:
        depth = chance.choice((10, 400, 980, 1000, 1020, 5000, 100_000))
        deep = b"[" * depth + (b"]" * depth if chance.random() < 0.5 else b"")
        return chance.choice((deep, b'{"v":1,"run":' + deep + b"}", b'{"v":1,"rows":' + deep))
    if kind < 0.275:
        return frame + b" " * chance.choice((wire.MAX_REQUEST, wire.MAX_REPLY))
    try:
        raw = json.loads(frame)
    except (ValueError, RecursionError):
        return bytes_changed(frame, chance)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        raw = changed(raw, chance)
    try:
        return json.dumps(raw).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return frame


def bytes_changed(frame: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(frame) + 1)
    kind = chance.randrange(5)
    if kind == 0:
        return frame[:at]
    if kind == 1:
        return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]
    if kind == 2:
        return frame[:at] + frame[at : at + 40] * chance.choice((2, 3, 50)) + frame[at + 40 :]
    if kind == 3:
        return chance.randbytes(chance.randrange(200))
    return frame[:at] + chance.randbytes(chance.randrange(9)) + frame[at:]


def changed(raw: Any, chance: random.Random) -> Any:
    """Return a JSON value with one place of it replaced, left out, doubled or exchanged."""
    if isinstance(raw, dict) and raw and chance.random() < 0.9:
        return object_changed(raw, chance)
    if isinstance(raw, list) and raw and chance.random() < 0.9:
        return array_changed(raw, chance)
    number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if number and abs(raw) < 1e300 and chance.random() < 0.5:
        return raw + chance.choice((-1, 1, -10, 10, 1000, 0.5, -raw, raw))
    return chance.choice(EXTREMES)


def object_changed(raw: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    key, kind = chance.choice(list(raw)), chance.random()
    if kind < 0.1:
        return {name: value for name, value in raw.items() if name != key}
    if kind < 0.15:
        return {**raw, chance.choice(("x", "", "v", "rows", "😀")): chance.choice(EXTREMES)}
    return {**raw, key: changed(raw[key], chance)}


def array_changed(raw: list[Any], chance: random.Random) -> list[Any]:
    at, kind = chance.randrange(len(raw)), chance.random()
    if kind < 0.08:
        return raw[:at] + raw[at + 1 :]
    if kind < 0.16:
        return [*raw[:at], raw[at], *raw[at:]]
    if kind < 0.24:
        return [raw[-1 - n] if n == at else element for n, element in enumerate(raw)]
    return [changed(element, chance) if n == at else element for n, element in enumerate(raw)]


class Reader:
    """What collectd's plugin does with a frame, and what must hold of all it would dispatch."""

    def __init__(self) -> None:
        self.cursors = Cursors()
        self.table = SeriesTable(1000, TOPIC_METRICS)
        self.times: dict[str, float] = {}

    def take(self, frame: bytes) -> str:
        reply, _ = _plausible(wire.decode_reply(frame), NOW)
        accepted = self.cursors.accept(HERE, reply)
        for sample in accepted.fresh:
            self.check(reply, sample)
        return f"{len(accepted.fresh) > 0} {bool(accepted.ended)} {accepted.refused[:12]}"

    def check(self, reply: wire.Reply, sample: Sample) -> None:
        assert sample.received == sample.processed + sample.waiting + sample.in_progress
        assert NOW - MAX_AGE <= sample.time <= NOW + reply.origin.interval
        key = json.dumps([reply.origin.service, sample.consumer])
        assert sample.time > self.times.get(key, 0.0)
        self.times[key] = sample.time
        series = self.table.find("", reply.origin.service, sample.consumer)
        for kind, instance, value in series.values(sample) if series else ():
            most = 4e9 if kind == "duration" else 2**63 - 1
            assert math.isfinite(value) and 0 <= value <= most, (kind, instance, value)
            assert instance.isascii() and len(instance) <= 127
            assert not set(instance) & set("/ \n\0\"'<>") and instance[0] not in ".-"
            DISPATCHED[kind] += 1


def answer(ring: Ring, frame: bytes) -> str:
    """Do what a daemon does with a request; its answer must be one that a reader takes."""
    request = wire.decode_request(frame)
    page = ring.after(request.after if request.run == ORIGIN.run else None)
    wire.decode_reply(wire.encode_reply(ORIGIN, NOW, 1.0, page))
    return f"answered {request.run == ORIGIN.run} {request.after is None}"


def resident() -> int:
    """Return this process's memory, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def run(count: int, seed: int) -> dict[str, Any]:
    """Throw ``count`` frames at both ends; anything but DecodeError ends it with a traceback."""
    chance = random.Random(seed)
    frames = corpus()
    golden = len(frames)
    reader, ring = Reader(), Ring(rounds=10)
    ring.add([Sample("C", NOW - 10, 10, 7, 2, 1)])
    outcomes: Counter[str] = Counter()
    refused = 0
    began, before = time.monotonic(), 0
    for number in range(count):
        if number == count // 5:  # caches and arenas are warm
            before = resident()
        if number % 5000 == 0:
            reader = Reader()
        frame = mutate(chance.choice(frames), chance)
        to_daemon = frame[:1] == b"{" and len(frame) < wire.MAX_REQUEST and chance.random() < 0.5
        try:
            outcome = answer(ring, frame) if to_daemon else reader.take(frame)
        except DecodeError as error:
            refused += 1
            outcome = re.sub(r"\d+-byte|=.*|:.{20}.*", "", str(error))[:60]
        except Exception:
            print(f"frame {number} of seed {seed}: {frame[:2000]!r}", file=sys.stderr)
            raise
        outcomes[outcome] += 1
        if outcomes[outcome] == 1 and len(frame) < 20_000:
            frames.append(frame)
            if len(frames) > MOST_KEPT:
                del frames[golden]
    return {
        "frames": count, "refused": refused, "ways": len(outcomes),
        "dispatched": DISPATCHED.total(), "grown": resident() - before,
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
