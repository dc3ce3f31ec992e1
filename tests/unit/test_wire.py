"""Golden bytes, limits and hostile frames of the protocol."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg import wire
from collectd_fedmsg.errors import DecodeError
from collectd_fedmsg.ring import Ring
from collectd_fedmsg.sample import Sample

ORIGIN = wire.Origin("hub", "bus01", 7, "ab12", 100.5, 10)
SAMPLE = Sample("Archiver", 110.0, 5, 3, 1, 1, failed=1, busy=9, oldest=0.25, topics={"t": 5})
ROW = (
    b'[0,110.0,"Archiver",5,3,1,1,1,0,9,1,0.25,null,null,null,null,null,true,{"t":5}]'
)  # fmt: skip


def frame(**changes: object) -> bytes:
    raw = json.loads(wire.encode_reply(ORIGIN, 120.0, 20.0, (0, 0, False, [ROW])))
    return json.dumps({**raw, **changes}).encode()


def test_golden_bytes() -> None:
    """The bytes of version 1 never change."""
    assert wire.encode_request(wire.Request("ab12", 4)) == b'{"v":1,"run":"ab12","after":4}'
    assert wire.encode_row(0, SAMPLE) == ROW


def test_round_trip() -> None:
    """What goes in comes out."""
    reply = wire.decode_reply(frame())
    assert (reply.origin, list(reply.samples)) == (ORIGIN, [(0, SAMPLE)])
    assert wire.decode_request(b'{"v":1,"run":"x","after":null}') == wire.Request("x", None)


def row(**changes: object) -> list[object]:
    values = {**dict(zip(wire.FIELDS, json.loads(ROW))), **changes}
    return [values[name] for name in wire.FIELDS]


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(b"", id="empty"),
        pytest.param(frame()[:-9], id="truncated"),
        pytest.param(b" " * (wire.MAX_REPLY + 1), id="oversized"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"\xff\xfe", id="not-utf8"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(frame(v=2), id="wrong-version"),
        pytest.param(frame(v=True), id="bool-version"),
        pytest.param(frame(service=""), id="no-name"),
        pytest.param(frame(interval=float("nan")), id="nan"),
        pytest.param(frame(wall=float("inf")), id="infinity"),
        pytest.param(frame(rows={}), id="rows-of-another-type"),
        pytest.param(frame(fields=["seq"]), id="fields-missing"),
        pytest.param(frame(rows=[[1]]), id="short-row"),
        pytest.param(frame(rows=[row(received=6)]), id="does-not-balance"),
        pytest.param(frame(rows=[row(received=-5)]), id="negative"),
        pytest.param(frame(rows=[row(busy=2**63)]), id="beyond-derive"),
        pytest.param(frame(rows=[row(consumer="\ud800")]), id="lone-surrogate"),
        pytest.param(frame(rows=[row(topics={str(n): 1 for n in range(99)})]), id="many-topics"),
    ],
)
def test_hostile_reply(hostile: bytes) -> None:
    """Each is refused with one kind of error."""
    with pytest.raises(DecodeError):
        wire.decode_reply(hostile)


@given(st.binary(max_size=300))
def test_any_bytes(octets: bytes) -> None:
    """Bytes decode or raise DecodeError; nothing else."""
    for decode in (wire.decode_reply, wire.decode_request):
        with contextlib.suppress(DecodeError):
            decode(octets)


def test_ring_pages_and_forgets() -> None:
    """Pages join to the whole; the oldest give way to the limits."""
    ring = Ring(rounds=3)
    for _ in range(5):
        ring.add([SAMPLE, SAMPLE])
    assert ring.after(None)[:3] == (4, 9, False)
    assert len(ring.after(8)[3]) == 1
    small = Ring(rounds=1000, limit=10 * (len(ROW) + 1))
    for _ in range(50):
        small.add([SAMPLE])
    assert len(small.after(None)[3]) <= 10


def test_large_ring_is_paged() -> None:
    """More than a page's bytes comes in several, without a hole."""
    ring = Ring(rounds=100_000)
    for _ in range(20_000):
        ring.add([SAMPLE])
    seen, after, more = 0, None, True
    while more:
        _, newest, more, rows = ring.after(after)
        seen += len(rows)
        after = json.loads(rows[-1])[0]
    assert seen == 20_000
    assert after == newest
