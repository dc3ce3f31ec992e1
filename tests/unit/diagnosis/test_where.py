"""At what a daemon is slow, and what fails, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectd_fedmsg.diagnosis.verdict import Diagnosis, Finding, Verdict
from collectd_fedmsg.diagnosis.where import explained, parts, with_evidence
from collectd_fedmsg.protocol.changes import Change
from collectd_fedmsg.protocol.evidence import Failure, InHand, StackTime
from collectd_fedmsg.protocol.sample import Sample

EXECUTE = ("t", "archive.consumer:Archiver.consume:42", "psycopg.connection:Connection.execute")
RENDER = ("t", "archive.render:render:7", "dumps")
CHANGE = 600.0


def series(
    before: dict[tuple[str, str, str], float],
    after: dict[tuple[str, str, str], float],
    state: str = "waiting",
) -> list[Sample]:
    """Return an hour's third of samples: 10 messages in 10 s, then as many at another cost.

    ``before``, ``after``: seconds of worker time in each step by topic, own and library.
    """
    samples, totals, busy = [], dict.fromkeys([*before, *after], 0.0), 0.0
    for number in range(120):
        at = 10.0 * number
        for place, seconds in (before if at <= CHANGE else after).items():
            totals[place] += seconds
            busy += seconds
        stacks = tuple(StackTime(*place, state, int(seconds * 1e6))
                       for place, seconds in totals.items())  # fmt: skip
        samples.append(Sample("Archiver", at, 10 * number, 10 * number, 0, 0, busy=int(busy * 1e6),
                              stacks=stacks))  # fmt: skip
    return samples


def test_slow_at_a_database() -> None:
    """Each message cost 2 ms, a third of it there; now 336 ms, nearly all of the rest there."""
    slow = series({EXECUTE: 0.0062, RENDER: 0.0138}, {EXECUTE: 3.1, RENDER: 0.26})
    first, *_ = explained(slow, Verdict.SLOW, CHANGE)
    assert first == (
        "2 ms → 336 ms per message; 93% of the added time is waiting in psycopg"
        " Connection.execute, called from Archiver.consume (usual: 31% of the time)"
    )
    database, render = parts(slow, CHANGE)
    assert (database.share, database.usual) == pytest.approx((0.926, 0.31), abs=0.01)
    assert render.share == pytest.approx(0.074, abs=0.01)


def test_computing_and_a_full_interpreter() -> None:
    """Computing is named as such; with a full interpreter no place is blamed."""
    costs = ({RENDER: 0.02}, {RENDER: 3.0})
    [computing] = explained(series(*costs, "computing"), Verdict.SLOW, CHANGE)
    assert "is computing in dumps, called from render" in computing
    [full] = explained(series(*costs, "full"), Verdict.SLOW, CHANGE)
    assert "the interpreter is full" in full
    assert "dumps" not in full


@pytest.mark.parametrize("samples", [
    [], [Sample("C", 1.0, 1, 1, 0, 0)], series({}, {}),
], ids=["none", "one", "no-stacks"])  # fmt: skip
@pytest.mark.parametrize("verdict", list(Verdict))
def test_without_evidence_there_is_no_sentence(samples: list[Sample], verdict: Verdict) -> None:
    assert explained(samples, verdict, 5.0) == ()


def test_time_that_no_stack_shows() -> None:
    """Work in greenlets or other threads is reported as not seen; nothing else is blamed."""
    unseen = ("t", "", "gevent.hub:Hub.run")
    slow = series({RENDER: 0.02}, {unseen: 3.0, RENDER: 0.02})
    [sentence] = explained(slow, Verdict.SLOW, CHANGE)
    assert "where it spends its time is not seen" in sentence


def test_the_message_that_hangs() -> None:
    """Its topic, its age and where its thread is."""
    hanging = replace(Sample("C", 900.0, 9, 7, 1, 1), in_hand=(
        InHand("org.x.build", 725.0, "a.b:Archiver.consume:9", "with", "waiting"),
        InHand("t", 3.0, "", "", "full")))  # fmt: skip
    for verdict in (Verdict.STALLED, Verdict.WORKERS_LOST):
        [sentence] = explained([hanging], verdict, None)
        assert sentence == ("a message of org.x.build has been in hand for 12 min: it is waiting"
                            " for a lock (with) in Archiver.consume:9")  # fmt: skip
    assert explained([hanging], Verdict.OK, None) == ()
    # It goes on to hang after the sample that says so.
    [sentence] = explained([hanging], Verdict.STALLED, None, 900.0 + 120)
    assert "in hand for 14 min" in sentence


@pytest.mark.parametrize(("library", "state", "clause"), [
    ("with", "waiting", "is waiting for a lock (with) in Archiver.consume"),
    ("acquire", "waiting", "is waiting for a lock (acquire) in Archiver.consume"),
    ("threading:Lock.acquire", "waiting", "is waiting for a lock (acquire) in Archiver.consume"),
    ("pool:Pool.acquire", "waiting", "is waiting in pool Pool.acquire, called from Archiver"),
    ("for", "waiting", "is waiting for the next item (for) in Archiver.consume"),
    ("with", "computing", "is computing in a with statement of Archiver.consume"),
    ("sleep", "waiting", "is waiting in sleep, called from Archiver.consume"),
    ("requests.api:get", "waiting", "is waiting in requests get, called from Archiver.consume"),
    ("re:match", "computing", "is computing in re match, called from Archiver.consume"),
    ("", "computing", "is computing in Archiver.consume"),
    ("match", "held", "is computing in match, called from Archiver.consume:9: C code that keeps"),
    ("asyncio.runners:run", "waiting", "called from Archiver.consume:9; which of its coroutines"),
    ("asyncio.tasks:sleep", "waiting", "is waiting in asyncio sleep, called from"),
])  # fmt: skip
def test_the_words_of_a_place(library: str, state: str, clause: str) -> None:
    """A statement that waits is no function that was called."""
    hanging = replace(Sample("C", 900.0, 9, 7, 1, 1), in_hand=(
        InHand("t", 90.0, "a.b:Archiver.consume:9", library, state),))  # fmt: skip
    [sentence] = explained([hanging], Verdict.STALLED, None)
    assert clause in sentence


@pytest.mark.parametrize(("workers", "within", "first"), [
    pytest.param(4, 1.0, "psycopg", id="one-of-four-holds-it"),
    pytest.param(4, 0.4, "lock", id="held-elsewhere"),
    pytest.param(2, 0.8, "psycopg", id="one-of-two-holds-it"),
    pytest.param(1, 0.8, "lock", id="a-lone-worker-waits-for-another-program"),
])  # fmt: skip
def test_who_waits_for_a_lock_waits_for_its_holder(workers: int, within: float, first: str) -> None:
    """What is slow within the lock is named first, though more time is spent before it.

    ``within``: seconds at the database a step, while each other worker waits for one second.
    """
    lock = ("t", "badges:Badges.consume:7", "acquire")
    waits = 1.0 * max(1, workers - 1)
    samples = series({EXECUTE: 0.01, lock: 0.001}, {EXECUTE: within, lock: waits})
    slow = [replace(sample, workers=workers) for sample in samples]
    sentences = explained(slow, Verdict.SLOW, CHANGE)
    assert first in sentences[0]
    assert len(sentences) == 2


def test_the_cause_comes_with_its_evidence() -> None:
    """The change joins the first sentence, the place is the second: rows and notices show two."""
    slow = series({EXECUTE: 0.0062, RENDER: 0.0138}, {EXECUTE: 3.1, RENDER: 0.26})
    creeping = Finding(Verdict.CREEP, 0.5, ("busy",))
    judged = Diagnosis(
        1200.0, (Finding(Verdict.SLOW, 1.0, ("slower", "third"), since=CHANGE), creeping)
    )
    deployed = Change(CHANGE - 40, "version", "datanommer.consumer 1.4.2 → 1.5.0")
    diagnosis = with_evidence(judged, slow, [deployed])
    first, second, *more = diagnosis.findings[0].evidence
    assert first == "slower, since 40 s after datanommer.consumer 1.4.2 → 1.5.0"
    assert "93% of the added time is waiting in psycopg" in second
    assert more[-1] == "third"
    assert diagnosis.findings[1:] == (creeping,)
    # A measure that the first sentence has is not given a second time.
    measured = replace(judged.findings[0], evidence=("8 ms → 9 ms per message",))
    diagnosis_again = with_evidence(replace(judged, findings=(measured,)), slow)
    place = diagnosis_again.findings[0].evidence[1]
    assert place.startswith("93% of the added time")
    # Without either the diagnosis is what it was, and a healthy one is in any case.
    assert with_evidence(judged, [], []) is judged
    well = Diagnosis(1200.0, (Finding(Verdict.OK, 1.0, ("well",), since=CHANGE),))
    assert with_evidence(well, slow, [deployed]) is well


def test_what_fails() -> None:
    """The kinds that grew since it began, the most frequent first; others are not named."""
    places = "a.b:Archiver.add:31<a.b:Archiver.consume:19<moksha.hub:Consumer._do_work:2"
    old, new = Failure("t", "OSError", "a:b:1", 9, 1.0, 2.0), Failure("t", "KeyError", places, 5,
                                                                      100.0, 897.0)  # fmt: skip
    before = Sample("C", 100.0, 9, 9, 0, 0, failures=(old, new))
    after = replace(before, time=900.0, failures=(replace_total(new, 125), old))
    sentences = explained([before, after], Verdict.ERRORS, 100.0)
    assert sentences == ("120 × KeyError in Archiver.add:31, called from Archiver.consume:19,"
                         " topic t; last 3 s ago",)  # fmt: skip


def replace_total(failure: Failure, total: int) -> Failure:
    return failure._replace(total=total)
