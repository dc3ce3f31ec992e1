"""One round of requests: the connection to each daemon, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..protocol.wire import Reply
from .peer_process import PeerProcess
from .peers import Peer
from .shares import Shares


@dataclass
class Exchange:
    """One daemon's connection and what is open on it."""

    peer: Peer
    asked: bool = False
    silent: int = 0

    @property
    def user(self) -> str:
        """Whose daemon it is, by the kernel's word; hosts over TCP share one name."""
        process = self.peer.process
        return "tcp" if process is None else f"uid {process.user}"


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
    shares: Shares = field(default_factory=Shares)
    #: Whose answer has come and was not read: endpoint → user. They are silent too.
    unread: dict[str, str] = field(default_factory=dict)
