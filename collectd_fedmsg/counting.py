"""Count the messages of any Python consumer of any bus: the public API.

::

    from collectd_fedmsg import counting

    archiver = counting.Consumer("Archiver", service="archiver", waiting=queue.qsize)

    @archiver.counted
    def handle(message): ...

A consumer's samples are served as a hub's are, at a socket in ``run_folder`` that collectd reads.
Nothing here raises into the consumer: what cannot be served is one log line, and it is still run.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import threading
import uuid
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, TypeVar

from .hub.about_daemon import AboutDaemon
from .hub.in_hand import InHand
from .hub.message_counts import MessageCounts
from .hub.responder import Responder
from .hub.settings import PREFIX, read
from .hub.stacks import Sampler
from .protocol.roster import Roster
from .protocol.sample import OTHER, REPLICA_MARK

log = logging.getLogger("collectd_fedmsg")
Function = TypeVar("Function", bound=Callable[..., Any])


class Consumer:
    """One consumer of this process, counted from its first message on.

    Args:
        name: of the consumer, as the page shows it.
        service: of the daemon; the row is ``service``/``name``.
        workers: messages that it can handle at once, for its utilisation; 0: not known.
        waiting: returns how many messages wait in this process and for it alone; it is called
            once an interval, on another thread. Without it the backlog is not known.
        replicas: whether several processes have this name: their numbers are summed into one row.
        no_failures: exceptions that end the handling of a message and are no errors.
        packages: the packages or modules of its code, where that is installed among the
            libraries: the page names its functions then, not what called them, and its version.
        settings: ``run_folder``, ``group``, ``interval``, ``history``, ``endpoint``,
            ``curve_keys``, ``stacks``, as in fedmsg.d.

    Raises:
        ConfigError: a setting is unknown or not usable.
    """

    def __init__(
        self,
        name: str,
        *,
        service: str,
        workers: int = 1,
        waiting: Callable[[], int] | None = None,
        replicas: bool = False,
        no_failures: tuple[type[BaseException], ...] = (),
        packages: Collection[str] = (),
        **settings: Any,
    ) -> None:
        self._name = name
        self._replicas = replicas
        self._no_failures = no_failures
        self._packages = tuple(packages)
        self._settings = read(
            {
                f"{PREFIX}{key}": value
                for key, value in {"enabled": True, "service": service, **settings}.items()
            }
        )
        looked_at = self._settings is not None and self._settings.stacks
        self._counts = MessageCounts(
            self._own_name(),
            workers=workers,
            waiting=waiting,
            packages=[each.partition(".")[0] for each in packages] if looked_at else None,
        )
        self._responder: Responder | None = None
        self._lock = threading.Lock()
        self._forked = False
        os.register_at_fork(after_in_child=self._after_fork)

    def start(self) -> None:
        """Answer readers from now on; the first message does so where nobody called this."""
        if self._forked:
            self._serve_in_child()
            return
        with self._lock:
            try:
                if self._responder is not None or self._settings is None:
                    return
                self._responder = Responder(
                    self._settings,
                    lambda at: [self._counts.sample(at)],
                    lambda: Roster(consumers=(self._counts.name,)),
                    None if self._counts.stacks is None else Sampler([self._counts.stacks]),
                    AboutDaemon(lambda: [(self._name, each) for each in self._packages]),
                )
                self._responder.start()
            except Exception:
                log.exception("%s: health reports are off, it goes on", self._name)

    def stop(self) -> None:
        """End the answering; messages are still counted."""
        if self._responder is not None:
            self._responder.stop()

    def handling(self, topic: str = OTHER, sent: float | None = None) -> Handling:
        """Return a context manager within which one message is handled, in a thread or coroutine.

        Args:
            topic: what it is counted under.
            sent: when it was sent, seconds since the epoch; for its delay.
        """
        return Handling(self, topic, sent)

    def counted(self, function: Function) -> Function:
        """Return a function or coroutine function that also counts each call as a message.

        A first argument with ``topic``, as attribute or key, is counted under it.
        """
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def counted_coroutine(*args: Any, **kwargs: Any) -> Any:
                with Handling(self, topic_of(args), None):
                    return await function(*args, **kwargs)

            return counted_coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def counted_function(*args: Any, **kwargs: Any) -> Any:
            with Handling(self, topic_of(args), None):
                return function(*args, **kwargs)

        return counted_function  # type: ignore[return-value]

    def begin(self, topic: str = OTHER, sent: float | None = None) -> InHand:
        """Count a message as in hand; ``end`` takes what this returns, on whatever thread."""
        if self._forked:
            self._serve_in_child()
        elif self._responder is None:
            self.start()
        return self._counts.begin(topic, sent)

    def end(self, token: InHand, error: BaseException | type[BaseException] | None = None) -> None:
        """Count a message as processed; with ``error`` it failed, unless that is no failure."""
        kind = error if isinstance(error, type) else type(error)
        failed = error is not None and not issubclass(kind, self._no_failures)
        self._counts.end(token, error if failed else None)

    def _own_name(self) -> str:
        return f"{self._name}{REPLICA_MARK}{uuid.uuid4().hex[:8]}" if self._replicas else self._name

    def _after_fork(self) -> None:
        """Let go of what is the parent's; no lock of it is taken, nothing is logged."""
        self._lock = threading.Lock()
        self._forked = True
        if self._responder is not None:
            self._responder.forget_in_child()

    def _serve_in_child(self) -> None:
        with self._lock:
            if not self._forked:
                return
            self._forked = False
            self._counts.begin_again()
            self._counts.name = self._own_name()
        responder = self._responder
        if responder is None:
            self.start()
            return
        try:
            responder.serve_in_child()
        except Exception:
            log.exception("%s: health reports of a forked child are off, it goes on", self._name)


class Handling:
    """The handling of one message; an exception goes through."""

    __slots__ = ("_consumer", "_sent", "_token", "_topic")

    def __init__(self, consumer: Consumer, topic: str, sent: float | None) -> None:
        self._consumer = consumer
        self._topic = topic
        self._sent = sent

    def __enter__(self) -> Handling:
        self._token = self._consumer.begin(self._topic, self._sent)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._consumer.end(self._token, error)


def topic_of(arguments: tuple[Any, ...]) -> str:
    """Return the topic of a message of whatever shape, the first of ``arguments``."""
    try:
        message = arguments[0]
        topic = message.topic if hasattr(message, "topic") else message["topic"]
        return topic if isinstance(topic, str) else OTHER
    except Exception:
        return OTHER
