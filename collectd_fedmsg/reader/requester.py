"""Ask many daemons at once, within a bounded time.

Each daemon has at most one open request. A connection to a socket file lasts one exchange, so no
daemon keeps one open for us; a reply that is late is read in the next round. A silent daemon is
asked again after MISSED_ROUNDS rounds. Users take turns, each with a share of the round's bytes; a
daemon whose answer was not read counts as silent, and comes first in the next round.
"""

from __future__ import annotations

import contextlib
import resource
import select
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zmq

from ..errors import DecodeError, described
from ..files import raise_file_limit
from ..protocol.wire import Request, decode_reply, encode_request
from .endpoints import MAX_ENDPOINTS
from .peers import Peer, TcpPeer, UnixPeer, new_context
from .rounds import Exchange, Round
from .shares import in_turn

#: Rounds without an answer until the connection is made again.
MISSED_ROUNDS = 3
#: Pages of one daemon in one round: a ring has few, more is a peer gone mad.
MAX_PAGES = 8
#: Descriptors of this process that connections leave to others.
FREE_FILES = 256
#: Seconds between two tries to connect to a daemon for which too many wait.
BUSY_SECONDS = 0.05


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
        #: Endpoints whose answer had come in the last round and was not read.
        self._unread: set[str] = set()

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
        while waiting or busy:
            self._take_all([number for number in ready if number in waiting], poll, waiting,
                           result, deadline)  # fmt: skip
            left = deadline - time.monotonic()
            if left <= 0 or not (waiting or busy):
                break
            left = min(left, BUSY_SECONDS) if busy else left
            ready = [number for number, _ in poll.poll(max(1, int(left * 1000)))]
            busy = self._open_all(busy, poll, waiting, result, deadline)
        late = {number for number, _ in poll.poll(0)} if waiting else set()
        for number, endpoint in waiting.items():
            if number in late:
                result.unread[endpoint] = self._exchanges[endpoint].user
            else:
                self._count_missed(endpoint, result)
        self._count_unread(result)
        result.silent.extend(busy)
        return result

    def close(self) -> None:
        """Close every connection at once, whatever is still open on it."""
        self._forget(set(self._exchanges))
        if self._context is not None:
            self._context.destroy(linger=0)

    def _take_all(
        self, ready: Sequence[int], poll: Any, waiting: dict[int, str], result: Round,
        deadline: float,
    ) -> None:  # fmt: skip
        """Read the replies that came, users in turn; stop waiting for a user whose share is used
        up."""
        numbers = {waiting[number]: number for number in ready}
        users = {endpoint: self._exchanges[endpoint].user for endpoint in numbers}
        for endpoint in in_turn(users, self._unread):
            if time.monotonic() >= deadline:
                break
            if result.shares.left(users[endpoint]) <= 0:
                result.unread[endpoint] = users[endpoint]
            elif self._take(endpoint, result):
                continue
            del waiting[numbers[endpoint]]
            with contextlib.suppress(KeyError, OSError):
                poll.unregister(numbers[endpoint])

    def _open_all(
        self,
        wanted: Mapping[str, Request],
        poll: Any,
        waiting: dict[int, str],
        result: Round,
        deadline: float,
    ) -> dict[str, Request]:
        """Send each endpoint its request; return those that no connection could be made to yet."""
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
                exchange = self._exchanges[endpoint]
                result.shares.enter(exchange.user)
                number = exchange.peer.fileno()
                poll.register(number, select.POLLIN)
                waiting[number] = endpoint
        return busy

    def _open(self, endpoint: str, request: Request, result: Round) -> bool:
        """Send one request; return whether an answer may come, else note the reason.

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
        except Exception as error:  # of whatever class: the others are asked all the same
            result.errors[endpoint] = described(error)
            self._forget({endpoint})
        else:
            return True
        return False

    def _take(self, endpoint: str, result: Round) -> bool:
        """Read what came; return whether more is on its way."""
        exchange = self._exchanges[endpoint]
        before = exchange.peer.octets
        try:
            try:
                frame = exchange.peer.receive()
            finally:
                octets = exchange.peer.octets - before
                result.octets += octets
                result.shares.count(exchange.user, octets)
            if frame is None:
                return True
            exchange.asked, exchange.silent = False, 0
            reply = decode_reply(frame)
        except Exception as error:  # of whatever class: the others are read all the same
            expected = isinstance(error, (DecodeError, OSError, zmq.ZMQError))
            result.errors[endpoint] = str(error) if expected else described(error)
            self._forget({endpoint})
            return False
        pages = result.replies.setdefault(endpoint, [])
        pages.append(reply)
        if exchange.peer.process is not None:
            result.processes[endpoint] = exchange.peer.process
        # More than a first page only while half of the share is left for others' first.
        plenty = 2 * result.shares.left(exchange.user) > result.shares.part()
        if reply.more and reply.last >= 0 and len(pages) < MAX_PAGES and plenty:
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

    def _count_unread(self, result: Round) -> None:
        """Count daemons that answered and were not read as silent; note one error for each user."""
        for endpoint in result.unread:
            self._count_missed(endpoint, result)
        self._unread = set(result.unread) - set(result.replies)
        for user, number in Counter(result.unread[endpoint] for endpoint in self._unread).items():
            spent = result.shares.left(user) <= 0
            why = f"its share of a round is {result.shares.part()} bytes" if spent else "time is up"
            result.errors[user] = f"{number} daemons answered and were not read: {why}"

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
