"""Ask many daemons at once, within a bounded time.

At most one open request a daemon. A connection to a socket file is made for one exchange, so
that a daemon keeps none for us; a reply that comes late is taken at the next round. One that
stays silent is asked again after MISSED_ROUNDS rounds.
"""

from __future__ import annotations

import contextlib
import resource
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq

from ..errors import DecodeError
from ..files import raise_file_limit
from ..protocol.wire import Reply, Request, decode_reply, encode_request
from .endpoints import MAX_ENDPOINTS
from .peer_process import PeerProcess
from .peers import Peer, TcpPeer, UnixPeer, new_context

#: Rounds without an answer until the connection is made again.
MISSED_ROUNDS = 3
#: Pages of one daemon in one round: a ring has few, more is a peer gone mad.
MAX_PAGES = 8
#: Bytes of replies in one round: after an outage a large fleet comes over several rounds.
MAX_ROUND = 8 << 20
#: Descriptors of this process that connections leave to others.
FREE_FILES = 256
#: Seconds between two tries to connect to a daemon for which too many wait.
BUSY_SECONDS = 0.05


@dataclass
class Exchange:
    """One daemon's connection and what is open on it."""

    peer: Peer
    asked: bool = False
    silent: int = 0


@dataclass
class Round:
    """What one call of ``ask`` brought: replies by endpoint, errors, silence, bytes."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    #: Who gave them, by the kernel's word.
    processes: dict[str, PeerProcess] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    #: Endpoints on which nobody listens: the daemon has ended.
    gone: list[str] = field(default_factory=list)
    octets: int = 0


class Requester:
    """Connections to many daemons.

    Args:
        curve_keys: folder with ``client.key_secret`` and ``servers/<endpoint>.key`` or
            ``server.key``; needed for ``tcp://`` endpoints only.
    """

    def __init__(self, curve_keys: Path | None = None) -> None:
        #: Endpoints that can be asked in one round.
        files = raise_file_limit()
        self.limit = MAX_ENDPOINTS
        if files != resource.RLIM_INFINITY:
            self.limit = min(MAX_ENDPOINTS, max(16, files - FREE_FILES))
        self._context: zmq.Context[Any] | None = None
        self._keys = curve_keys
        self._exchanges: dict[str, Exchange] = {}

    def ask(self, wanted: Mapping[str, Request], timeout: float) -> Round:
        """Ask each endpoint for the samples after its cursor; return what came in time.

        Args:
            wanted: endpoint → the first request; further pages are asked for here.
            timeout: seconds for everything together.
        """
        deadline = time.monotonic() + timeout
        result = Round()
        self._forget(set(self._exchanges) - set(wanted))
        poll = select.poll()
        waiting: dict[int, str] = {}
        busy = self._open_all(wanted, poll, waiting, result, deadline)
        # A zmq socket's descriptor tells of changes only: what came before is looked for first.
        ready = [number for number, endpoint in waiting.items() if endpoint.startswith("tcp://")]
        while (waiting or busy) and result.octets < MAX_ROUND:
            for number in ready:
                if number in waiting and not self._take(waiting[number], result):
                    del waiting[number]
                    with contextlib.suppress(KeyError, OSError):
                        poll.unregister(number)
                if time.monotonic() >= deadline or result.octets >= MAX_ROUND:
                    break
            left = deadline - time.monotonic()
            if left <= 0 or not (waiting or busy):
                break
            left = min(left, BUSY_SECONDS) if busy else left
            ready = [number for number, _ in poll.poll(max(1, int(left * 1000)))]
            busy = self._open_all(busy, poll, waiting, result, deadline)
        # What has come and was not taken keeps until the next round: no silence.
        late = {number for number, _ in poll.poll(0)} if waiting else set()
        for number, endpoint in waiting.items():
            if number not in late:
                self._count_missed(endpoint, result)
        result.silent.extend(busy)
        return result

    def close(self) -> None:
        """Close every connection at once, whatever is still open on it."""
        self._forget(set(self._exchanges))
        if self._context is not None:
            self._context.destroy(linger=0)

    def _open_all(
        self,
        wanted: Mapping[str, Request],
        poll: Any,
        waiting: dict[int, str],
        result: Round,
        deadline: float,
    ) -> dict[str, Request]:
        """Send each its request and wait for it; return whom no connection could be made to yet."""
        busy = {}
        for endpoint, request in wanted.items():
            if time.monotonic() >= deadline:
                busy[endpoint] = request
                continue
            try:
                opened = self._open(endpoint, request, result)
            except BlockingIOError:
                # It listens, and as many wait to be accepted as it lets wait.
                busy[endpoint] = request
                continue
            if opened:
                number = self._exchanges[endpoint].peer.fileno()
                poll.register(number, select.POLLIN)
                waiting[number] = endpoint
        return busy

    def _open(self, endpoint: str, request: Request, result: Round) -> bool:
        """Send one request; return whether an answer may come, note otherwise why not.

        Raises:
            BlockingIOError: too many wait for the daemon already.
        """
        try:
            if endpoint not in self._exchanges:
                self._exchanges[endpoint] = Exchange(self._connect(endpoint))
            exchange = self._exchanges[endpoint]
            if not exchange.asked:
                exchange.peer.send(encode_request(request))
                exchange.asked = True
        except BlockingIOError:
            raise
        except (ConnectionRefusedError, FileNotFoundError):
            result.gone.append(endpoint)
            self._forget({endpoint})
        except PermissionError as error:
            result.errors[endpoint] = f"{error.strerror}: are you in its group?"
            self._forget({endpoint})
        except (OSError, ValueError, zmq.ZMQError) as error:
            result.errors[endpoint] = f"{type(error).__name__}: {error}"
            self._forget({endpoint})
        else:
            return True
        return False

    def _take(self, endpoint: str, result: Round) -> bool:
        """Take what came; return whether more is on its way."""
        exchange = self._exchanges[endpoint]
        try:
            frame = exchange.peer.receive()
            if frame is None:
                return True
            exchange.asked, exchange.silent = False, 0
            result.octets += len(frame)
            reply = decode_reply(frame)
        except (DecodeError, OSError, zmq.ZMQError) as error:
            result.errors[endpoint] = str(error)
            self._forget({endpoint})
            return False
        pages = result.replies.setdefault(endpoint, [])
        pages.append(reply)
        if exchange.peer.process is not None:
            result.processes[endpoint] = exchange.peer.process
        if reply.more and reply.last >= 0 and len(pages) < MAX_PAGES:
            with contextlib.suppress(OSError, zmq.ZMQError):
                exchange.peer.send(encode_request(Request(reply.origin.run, reply.last)))
                exchange.asked = True
                return self._take(endpoint, result) if endpoint.startswith("tcp://") else True
        if not endpoint.startswith("tcp://"):
            self._forget({endpoint})
        return False

    def _count_missed(self, endpoint: str, result: Round) -> None:
        if endpoint in result.replies:
            return
        result.silent.append(endpoint)
        exchange = self._exchanges[endpoint]
        exchange.silent += 1
        if exchange.silent >= MISSED_ROUNDS:
            self._forget({endpoint})

    def _connect(self, endpoint: str) -> Peer:
        if not endpoint.startswith("tcp://"):
            return UnixPeer(endpoint.removeprefix("ipc://"))
        if self._context is None:
            self._context = new_context()
        return TcpPeer(self._context, endpoint, self._keys)

    def _forget(self, gone: set[str]) -> None:
        for endpoint in gone:
            exchange = self._exchanges.pop(endpoint, None)
            if exchange is not None:
                exchange.peer.close()
