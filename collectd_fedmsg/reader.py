"""Collect new samples from every daemon that is there; what collectd, top and check share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .cursors import Cursors, Ended
from .endpoints import alive, parse_socket_name
from .requester import Requester, Round, sockets_in
from .sample import Sample
from .wire import Origin, Reply, Request


@dataclass
class Harvest:
    """One round: new samples by daemon, runs that ended, and how the round itself went."""

    fresh: list[tuple[str, Origin, list[Sample]]] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    #: The newest answer of each daemon that is what it claims to be, without its samples.
    heads: dict[str, Reply] = field(default_factory=dict)
    daemons: int = 0
    octets: int = 0


class Reader:
    """Ask all daemons at once and keep the cursors.

    Args:
        patterns: socket files or globs of them, ``ipc:///…`` and ``tcp://…`` endpoints.
    """

    def __init__(
        self, patterns: Sequence[str], requester: Requester, cursors: Cursors | None = None
    ) -> None:
        self._fixed = [one for one in patterns if "://" in one]
        self._globs = [one for one in patterns if "://" not in one]
        self._requester = requester
        self.cursors = cursors or Cursors()

    def collect(self, timeout: float, now: float) -> Harvest:
        """Return what is new since the last call, within ``timeout`` seconds.

        ``now`` (seconds since the epoch) bounds the future: no sample is later than one
        interval from it.
        """
        wanted = {endpoint: self.cursors.request(endpoint) for endpoint in self._endpoints()}
        harvest = Harvest()
        for endpoint in self.cursors.known():
            if endpoint.startswith("ipc://") and endpoint not in wanted:
                harvest.ended.append(self.cursors.end(endpoint))
        answers = self._requester.ask(wanted, timeout)
        harvest.errors, harvest.silent = answers.errors, answers.silent
        harvest.octets, harvest.daemons = answers.octets, len(answers.replies)
        for endpoint, reply in _in_order(answers):
            self._accept(endpoint, reply, now, harvest)
        return harvest

    def _accept(self, endpoint: str, reply: Reply, now: float, harvest: Harvest) -> None:
        claimed = (reply.origin.service, reply.origin.pid)
        named = parse_socket_name(endpoint) if endpoint.startswith("ipc://") else None
        if named and (named[0].rpartition("/")[2], named[1]) != claimed:
            harvest.errors[endpoint] = f"claims to be {claimed[0]!r:.80}, pid {claimed[1]}"
            return
        latest = now + reply.origin.interval
        late = [sample.time for _, sample in reply.samples if sample.time > latest]
        if late:
            # A time in the future would block its series until then.
            harvest.errors[endpoint] = f"its clock is {late[-1] - now:.0f} s ahead"
            return
        harvest.heads[endpoint] = replace(reply, samples=())
        fresh, ended = self.cursors.accept(endpoint, reply)
        if ended:
            harvest.ended.append(ended)
        if fresh:
            harvest.fresh.append((endpoint, reply.origin, fresh))

    def _endpoints(self) -> Iterator[str]:
        yield from self._fixed
        for endpoint in sockets_in(self._globs):
            named = parse_socket_name(endpoint)
            if named and alive(named[1]):
                yield endpoint


def latest(patterns: Sequence[str], timeout: float, now: float) -> Harvest:
    """Return each daemon's whole ring once, for a command that runs and ends."""
    requester = Requester()
    try:
        return Reader(patterns, requester).collect(timeout, now)
    finally:
        requester.close()


def _in_order(answers: Round) -> Iterator[tuple[str, Reply]]:
    for endpoint, replies in answers.replies.items():
        for reply in replies:
            yield endpoint, reply


__all__ = ["Harvest", "Reader", "Request", "latest"]
