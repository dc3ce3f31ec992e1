"""Golden bytes, limits and hostile frames of the protocol."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg.errors import DecodeError
from collectd_fedmsg.hub.ring import PAGE, Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.about import About, Release, SlowMessage
from collectd_fedmsg.protocol.evidence import Failure, InHand, StackTime
from collectd_fedmsg.protocol.roster import MAX_HEAD, MAX_LENGTH, MAX_LISTED, Producer, Roster
from collectd_fedmsg.protocol.sample import Sample, encode_row

ORIGIN = wire.Origin("hub", "bus01", 7, "ab12", 100.5, 10)
SAMPLE = Sample("Archiver", 110.0, 5, 3, 1, 1, failed=1, busy=9, oldest=0.25, topics={"t": 5})
TIMED = replace(SAMPLE, topic_processed={"t": 3}, topic_busy={"t": 9})
SEEN = replace(
    TIMED,
    stacks=(StackTime("t", "a.b:Archiver.consume:9", "psycopg:execute", "waiting", 8),
            StackTime("other", "", "", "", 1)),
    in_hand=(InHand("t", 1.5, "a.b:Archiver.consume:9", "with", "full"),),
    failures=(Failure("t", "KeyError", "a.b:f:3<a.b:Archiver.consume:9", 1, 99.0, 109.5),),
)  # fmt: skip
IDLE = Producer("Idle", initialized=False)
ROSTER = Roster(("Archiver",), (Producer("Cleaner", 60.0, 90.5), IDLE))
HEAD = (
    b'{"v":1,"service":"hub","host":"bus01","pid":7,"run":"ab12","started":100.5,"interval":10,'
    b'"wall":120.0,"monotonic":20.0,"oldest":0,"newest":0,"more":false,'
)
FIELDS = (
    b'"fields":["seq","time","consumer","received","processed","waiting","in_progress","failed",'
    b'"rejected","busy","workers","oldest","delay","service_p50","service_p95","service_p99",'
    b'"service_max","observable","topics"'
)
ROW = b'[0,110.0,"Archiver",5,3,1,1,1,0,9,1,0.25,null,null,null,null,null,true,{"t":5}'
ABOUT = About(
    "3.11.2",
    (Release("Archiver", "datanommer.consumer", "1.5.0"),),
    (
        SlowMessage("Archiver", "t", "2026-1", 3.25, 109.5),
        SlowMessage("Archiver", "t", "", 1.0, 99.0),
    ),
)
#: What daemons of the earlier editions send, and one of now.
FIRST = HEAD + FIELDS + b'],"rows":[' + ROW + b"]]}"
SECOND = (
    HEAD + b'"consumers":["Archiver"],"producers":[["Cleaner",60.0,90.5,true,0],'
    b'["Idle",null,null,false,0]],' + FIELDS + b',"topic_processed","topic_busy"],"rows":['
    + ROW + b",[3],[9]]]}"
)  # fmt: skip
THIRD = (
    HEAD + b'"consumers":["Archiver"],"producers":[["Cleaner",60.0,90.5,true,0],'
    b'["Idle",null,null,false,0]],' + FIELDS
    + b',"topic_processed","topic_busy","stacks","in_hand","failures"],"rows":['
    + ROW + b',[3],[9],[["t","a.b:Archiver.consume:9","psycopg:execute","waiting",8],'
    b'["other","","","",1]],[["t",1.5,"a.b:Archiver.consume:9","with","full"]],'
    b'[["t","KeyError","a.b:f:3<a.b:Archiver.consume:9",1,99.0,109.5]]]]}'
)  # fmt: skip
FOURTH = THIRD.replace(
    b'"fields"',
    b'"python":"3.11.2","releases":[["Archiver","datanommer.consumer","1.5.0"]],'
    b'"slowest":[["Archiver","t","2026-1",3.25,109.5],["Archiver","t","",1.0,99.0]],"fields"',
)


def frame(**changes: object) -> bytes:
    return json.dumps({**json.loads(SECOND), **changes}).encode()


def test_golden_bytes() -> None:
    """The bytes of this edition do not change without a later edition."""
    assert wire.encode_request(wire.Request("ab12", 4)) == b'{"v":1,"run":"ab12","after":4}'
    page = (0, 0, False, [encode_row(0, SEEN)])
    assert wire.encode_reply(ORIGIN, 120.0, 20.0, page, ROSTER, ABOUT) == FOURTH
    reply = wire.decode_reply(FOURTH)
    assert (list(reply.samples), reply.about, reply.dropped.count) == ([(0, SEEN)], ABOUT, 0)


def test_a_daemon_of_before_is_read() -> None:
    """Every earlier edition decodes; what it does not tell is empty, never zero."""
    reply = wire.decode_reply(FIRST)
    assert (reply.origin, list(reply.samples)) == (ORIGIN, [(0, SAMPLE)])
    assert reply.roster == Roster(None, None)
    second = wire.decode_reply(SECOND)
    assert (list(second.samples), second.roster) == ([(0, TIMED)], ROSTER)
    third = wire.decode_reply(THIRD)
    assert (list(third.samples), third.about) == ([(0, SEEN)], About(None, None, None))
    told_nothing = wire.encode_reply(ORIGIN, 120.0, 20.0, (0, 0, False, [encode_row(0, SAMPLE)]))
    assert list(wire.decode_reply(told_nothing).samples) == [(0, SAMPLE)]


def test_a_daemon_of_later_is_read() -> None:
    """Fields that this edition does not know, in any place, are passed by."""
    raw = json.loads(SECOND)
    raw = {"later": {"x": []}, **raw, "fields": ["new", *raw["fields"], "newer"]}
    raw["rows"] = [[{"a": 1}, *row, None] for row in raw["rows"]]
    raw["producers"] = [[*producer, "more"] for producer in raw["producers"]]
    reply = wire.decode_reply(json.dumps(raw).encode())
    assert reply == wire.decode_reply(SECOND)


def test_round_trip() -> None:
    """What goes in comes out."""
    reply = wire.decode_reply(frame())
    assert (reply.origin, list(reply.samples)) == (ORIGIN, [(0, TIMED)])
    assert reply.roster == ROSTER
    assert wire.decode_request(b'{"v":1,"run":"x","after":null}') == wire.Request("x", None)


def row(**changes: object) -> list[object]:
    raw = json.loads(SECOND)
    values = {**dict(zip(raw["fields"], raw["rows"][0])), **changes}
    return list(values.values())


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
    ],
)
def test_hostile_reply(hostile: bytes) -> None:
    """Each is refused with one kind of error."""
    with pytest.raises(DecodeError):
        wire.decode_reply(hostile)


@pytest.mark.parametrize(
    ("spoiled", "changes"),
    [
        pytest.param({"rows": [[1]]}, None, id="short-row"),
        pytest.param({"rows": [row(received=6)]}, None, id="does-not-balance"),
        pytest.param({"rows": [row(received=-5)]}, None, id="negative"),
        pytest.param({"rows": [row(busy=2**63)]}, None, id="beyond-derive"),
        pytest.param({"rows": [row(consumer="\ud800")]}, None, id="lone-surrogate"),
        pytest.param({"rows": [row(delay=float("nan"))]}, {}, id="delay-nan"),
        pytest.param({"rows": [row(oldest=1e300)]}, {"oldest": None}, id="absurd-age"),
        pytest.param({"rows": [row(topics={"\ud83d": 1})]},
                     {"topics": {}, "topic_processed": {}, "topic_busy": {}}, id="half-a-topic"),
        pytest.param({"rows": [row(topics={str(n): 1 for n in range(99)})]},
                     {"topics": {}, "topic_processed": {}, "topic_busy": {}}, id="many-topics"),
        pytest.param({"rows": [row(topic_busy=[1, 2])]}, {"topic_busy": {}}, id="other-topics"),
        pytest.param({"rows": [row(topic_busy={"t": 1})]}, {"topic_busy": {}}, id="no-array"),
        pytest.param({"producers": [["x"]]}, {}, id="short-producer"),
        pytest.param({"producers": [["x", -1, None, True, 0]]}, {}, id="negative-interval"),
        pytest.param({"producers": [["x", 1, "never", True, 0]]}, {}, id="last-run-a-text"),
        pytest.param({"consumers": "x"}, {}, id="consumers-of-another-type"),
        pytest.param({"python": 3}, {}, id="python-a-number"),
        pytest.param({"releases": [["Archiver", "datanommer"]]}, {}, id="short-release"),
        pytest.param({"releases": {}}, {}, id="releases-of-another-type"),
        pytest.param({"slowest": [["C", "t", "", "long", 1.0]]}, {}, id="slow-for-a-text"),
        pytest.param({"slowest": [[]] * 201}, {}, id="too-many-slow-messages"),
        pytest.param({"consumers": ["x"] * 1000}, {}, id="many-consumers"),
    ],
)  # fmt: skip
def test_one_bad_field_is_dropped_alone(
    spoiled: dict[str, object], changes: dict[str, object] | None
) -> None:
    """It is counted and named; the rest of the reply is taken, a row without its totals is not."""
    reply = wire.decode_reply(frame(**spoiled))
    assert reply.dropped.count == 1
    assert "is refused" in reply.dropped.first or "received 6 !=" in reply.dropped.first
    assert [sample for _, sample in reply.samples] == (
        [] if changes is None else [replace(TIMED, **changes)]
    )  # type: ignore[arg-type]
    if spoiled.get("producers") == [["x", 1, "never", True, 0]]:
        assert reply.roster.producers == (Producer("x", 1.0),)


@pytest.mark.parametrize(("name", "rows", "count"), [
    ("stacks", "x", 0),
    ("stacks", [["t", "", "", "waiting", -1], ["t", "", "", "waiting", 1]], 1),
    ("stacks", [["t", "", "", "asleep", 1], ["t", "", "", "", 1, "later"]], 1),
    ("in_hand", [["t", float("inf"), "", "", "waiting"], ["t"], 7], 0),
    ("failures", [["t", "", "", 1, 1.0, 1.0], ["t", "KeyError", "", 1, 1.0, 1.0]], 1),
    ("failures", [["t", "KeyError", "", 1, 1.0, 1.0]] * 99, 0),
])  # fmt: skip
def test_bad_evidence_is_dropped_alone(name: str, rows: object, count: int) -> None:
    """A row of it that cannot be is counted; the sample and the other rows stay."""
    raw = json.loads(THIRD)
    raw["rows"][0][raw["fields"].index(name)] = rows
    reply = wire.decode_reply(json.dumps(raw).encode())
    [(_, sample)] = reply.samples
    assert len(getattr(sample, name)) == count
    assert reply.dropped.count > 0
    assert replace(sample, **{name: getattr(SEEN, name)}) == SEEN


def test_an_unreadable_row_is_skipped() -> None:
    """The reader continues after a row without a sample, and does not ask for it again."""
    reply = wire.decode_reply(frame(rows=[row(received=6, seq=7)]))
    assert (reply.last, list(reply.samples)) == (7, [])


def test_the_writer_says_only_what_a_reader_takes() -> None:
    """NaN, infinity, ages of centuries and half a character never leave the daemon."""
    odd = replace(SAMPLE, consumer="\ud800", oldest=float("nan"), delay=5e10,
                  service_max=float("inf"), topics={"\udfff": 1})  # fmt: skip
    crowd = Roster(("\ud800",), (Producer("\ud800", float("inf"), float("nan"), True, -1),))
    octets = wire.encode_reply(ORIGIN, 1.0, 2.0, (0, 0, False, [encode_row(0, odd)]), crowd)
    reply = wire.decode_reply(octets)
    assert reply.dropped.count == 0
    [(_, sample)] = reply.samples
    assert (sample.consumer, sample.topics, sample.delay) == ("?", {"?": 1}, None)
    assert reply.roster == Roster(("?",), (Producer("?"),))


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
    small = Ring(rounds=1000, limit=2200)
    for _ in range(50):
        small.add([SAMPLE])
    assert 0 < len(small.after(None)[3]) <= 22


def test_large_ring_is_paged() -> None:
    """More than a page's bytes comes in several, without a hole."""
    ring = Ring(rounds=100_000, limit=8 << 20)
    for _ in range(20_000):
        ring.add([SAMPLE])
    row_count, after, more = 0, None, True
    while more:
        _, newest, more, rows = ring.after(after)
        row_count += len(rows)
        after = json.loads(rows[-1])[0]
    assert row_count == 20_000
    assert after == newest


def test_a_reply_s_head_is_bounded() -> None:
    """However many producers there are and whatever they are called, a page stays legal."""
    names = tuple(f"{number}{chr(0x1F4A9) * 500}" for number in range(500))
    crowd = Roster(names, tuple(Producer(name, 1e9 / 3, 1e9 / 3) for name in names))
    about = About(
        names[0],
        tuple(Release(name, name, name) for name in names),
        tuple(SlowMessage(name, name, name, 1 / 3, 1e9 / 3) for name in names),
    )
    reply = wire.encode_reply(ORIGIN, 120.0, 20.0, (0, 0, False, [b"x" * PAGE]), crowd, about)
    assert len(reply) <= wire.MAX_REPLY
    assert len(wire.encode_reply(ORIGIN, 1.0, 2.0, (0, -1, False, []), crowd, about)) < MAX_HEAD
    roster = wire.decode_reply(
        wire.encode_reply(ORIGIN, 1.0, 2.0, (0, -1, False, []), crowd)
    ).roster
    assert roster.producers is not None
    assert (len(roster.producers), len(roster.producers[0].name)) == (MAX_LISTED, MAX_LENGTH)


def test_an_hour_of_ten_consumers_is_kept() -> None:
    """Twenty topics each, every 10 s, in the bytes that a daemon spares for it."""
    topics = {f"org.fedoraproject.prod.service{n}.thing.state.change": n for n in range(20)}
    ring = Ring(rounds=360)
    for moment in range(360):
        totals = {name: moment * 12_345 + first for name, first in topics.items()}
        busy = {name: total * 777 for name, total in totals.items()}
        sample = replace(
            SAMPLE, time=float(moment), topics=totals, topic_processed=totals, topic_busy=busy
        )
        ring.add([sample] * 10)
    oldest, newest, _, _ = ring.after(None)
    assert newest - oldest + 1 == 360 * 10
