"""Collect new samples from every daemon found; shared by collectd, top and check."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..protocol.sample import Sample
from ..protocol.sockets import parse_socket_name
from ..protocol.wire import Origin, Reply, Request
from .cursors import Cursors, Ended
from .endpoints import sockets_in
from .requester import Requester
from .rounds import Round

#: Seconds of the past that a ring can hold; what claims to be older is refused.
MAX_AGE = 8 * 86400.0


@dataclass
class Harvest:
    """One round: new samples by daemon, runs that ended, and how the round itself went."""

    fresh: list[tuple[str, Origin, list[Sample]]] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    #: Of these, who answered, and was not read for lack of time or of bytes.
    unread: set[str] = field(default_factory=set)
    #: Whose ring has more than was read, and what to ask it next; of ``again`` only.
    further: dict[str, Request] = field(default_factory=dict)
    #: The newest answer of each daemon that is what it claims to be, without its samples.
    heads: dict[str, Reply] = field(default_factory=dict)
    daemons: int = 0
    octets: int = 0


class Reader:
    """Ask all daemons at once and keep the cursors.

    Args:
        patterns: socket files or globs of them, ``ipc:///…`` and ``tcp://…`` endpoints.
        hosts: ``tcp://…`` endpoint → the host that its series get; its address otherwise.
        replicas: whether several daemons of one name are all taken, for who stores nothing.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        requester: Requester,
        cursors: Cursors | None = None,
        hosts: Mapping[str, str] | None = None,
        replicas: bool = False,
    ) -> None:
        self._fixed = [pattern for pattern in patterns if "://" in pattern]
        self._globs = [pattern for pattern in patterns if "://" not in pattern]
        self._replicas = replicas
        self._requester = requester
        self._hosts = hosts or {}
        self.cursors = cursors or Cursors()

    def place(self, endpoint: str) -> str:
        """Return the host of an endpoint's series, empty for this one; a peer cannot choose it."""
        if endpoint in self._hosts:
            return self._hosts[endpoint]
        if not endpoint.startswith("tcp://"):
            return ""
        address = endpoint.removeprefix("tcp://").rpartition(":")[0]
        return "" if address in ("localhost", "127.0.0.1") else address

    def user(self, endpoint: str, service: str) -> str:
        """Return whose daemon answers as a service at an endpoint, empty for no user of ours."""
        if not endpoint.startswith("ipc://") or parse_socket_name(endpoint) is None:
            return ""
        return self.cursors.owners.user(self.place(endpoint), service)

    def collect(self, timeout: float, now: float) -> Harvest:
        """Return what is new since the last call, within ``timeout`` seconds.

        ``now`` (seconds since the epoch, of this call) bounds the future: no sample is later
        than one interval after the answers are there.
        """
        harvest, began = Harvest(), time.monotonic()
        sockets = sockets_in(
            self._globs, self.cursors.known(), self._requester.limit - len(self._fixed), timeout / 2
        )
        harvest.errors = sockets.wrong
        wanted = {name: self.cursors.request(name) for name in [*self._fixed, *sockets.endpoints]}
        answers = self._requester.ask(wanted, began + timeout - time.monotonic())
        # Samples may be taken while we ask: where that takes an interval they are not ahead.
        now += time.monotonic() - began
        harvest.silent = answers.silent
        for endpoint in self.cursors.known():
            if endpoint in answers.gone or (endpoint in sockets.gone and endpoint not in wanted):
                harvest.ended.append(self.cursors.end(endpoint))
            elif endpoint not in wanted:
                harvest.silent.append(endpoint)
        harvest.errors.update(answers.errors)
        self.cursors.missed(harvest.silent)
        harvest.octets, harvest.daemons = answers.octets, len(answers.replies)
        for endpoint, reply in _in_order(answers):
            self._accept(endpoint, reply, answers, now, harvest)
        return harvest

    def again(self, wanted: Mapping[str, Request], timeout: float) -> Harvest:
        """Return what was new before and still is in the rings, once more; no cursor moves.

        Args:
            wanted: endpoint → what to ask it; ``further`` has what to ask it next.
            timeout: seconds; ``silent`` names who did not answer within them.
        """
        answers = self._requester.ask(wanted, timeout)
        harvest = Harvest(silent=answers.silent, errors=answers.errors, octets=answers.octets)
        harvest.unread = set(answers.unread) - set(answers.replies)
        for endpoint, reply in _in_order(answers):
            if _false_claim(endpoint, reply, answers):
                continue
            place, service = self.place(endpoint), reply.origin.service
            known = [
                sample for _, sample in reply.samples
                if sample.time <= self.cursors.dispatched(place, service, sample.consumer)
            ]  # fmt: skip
            harvest.fresh.append((endpoint, reply.origin, known))
            harvest.further.pop(endpoint, None)
            if reply.more and reply.last >= 0 and known:
                harvest.further[endpoint] = Request(reply.origin.run, reply.last)
        return harvest

    def _accept(
        self, endpoint: str, reply: Reply, answers: Round, now: float, harvest: Harvest
    ) -> None:
        place = self.place(endpoint)
        wrong = _false_claim(endpoint, reply, answers)
        process = answers.processes.get(endpoint)
        if process is not None and not wrong:
            wrong = self.cursors.owners.claim(place, reply.origin.service, process.user, now)
        if wrong:
            harvest.errors[endpoint] = wrong
            return
        if reply.dropped.count:
            harvest.errors[endpoint] = (
                f"{reply.dropped.count} fields are dropped: {reply.dropped.first}"
            )
        reply, wrong = _plausible(reply, now)
        if wrong:
            harvest.errors[endpoint] = wrong
        harvest.heads[endpoint] = replace(reply, samples=())
        if self._replicas:
            # Each has its own place, so none is another's rival.
            place = endpoint
        user = "" if process is None else f"uid {process.user}"
        taken = self.cursors.accept(endpoint, reply, place, user)
        if taken.refused:
            harvest.errors[endpoint] = taken.refused
        if taken.ended:
            harvest.ended.append(taken.ended)
        if taken.fresh:
            harvest.fresh.append((endpoint, reply.origin, taken.fresh))


def _false_claim(endpoint: str, reply: Reply, answers: Round) -> str:
    """Return what is false in a reply's name and pid, by its socket's name and by the kernel."""
    claimed = (reply.origin.service, reply.origin.pid)
    named = parse_socket_name(endpoint) if endpoint.startswith("ipc://") else None
    if named and (named[0].rpartition("/")[2], named[1]) != claimed:
        return f"claims to be {claimed[0]!r:.80}, pid {claimed[1]}"
    process = answers.processes.get(endpoint)
    return "" if process is None else process.refuses(reply.origin.pid)


def _plausible(reply: Reply, now: float) -> tuple[Reply, str]:
    """Return a reply without samples too old or in the future, and an error if the newest is one.

    A time in the future would block its series until then. A clock that was stepped leaves some
    of either kind in the ring: those are passed over, the rest is good.
    """
    first, last = now - MAX_AGE, now + reply.origin.interval
    good = [row for row in reply.samples if first <= row[1].time <= last]
    if len(good) == len(reply.samples):
        return reply, ""
    newest = reply.samples[-1][1].time
    wrong = ""
    if newest > last:
        wrong = f"its clock is {newest - now:.0f} s ahead"
    elif newest < first:
        wrong = f"its newest sample is {now - newest:.0f} s old"
    return replace(reply, samples=good, last=-1), wrong


def latest(patterns: Sequence[str], timeout: float, now: float) -> Harvest:
    """Return each daemon's whole ring once, for a command that runs and ends."""
    requester = Requester()
    try:
        return Reader(patterns, requester, replicas=True).collect(timeout, now)
    finally:
        requester.close()


def _in_order(answers: Round) -> Iterator[tuple[str, Reply]]:
    for endpoint, replies in answers.replies.items():
        for reply in replies:
            yield endpoint, reply
