"""The moksha producer that instruments every consumer of a hub.

Loaded by the entry point ``moksha.producer``, switched on from fedmsg.d. It replaces
methods on the instances only, so the daemon's code and moksha's own accounts stay as they
are, and it never raises into the daemon. A forked child reports only once it works as a daemon.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from moksha.hub.api import Consumer, Producer

from .errors import ConfigError
from .hub import queue_hooks as queues
from .hub.about_daemon import AboutDaemon
from .hub.counts import Counts
from .hub.failures import FailureFilter
from .hub.hub_roster import names_of, packages_of, roster_of
from .hub.responder import Responder
from .hub.settings import read
from .hub.stacks import Sampler
from .protocol.sample import Sample

log = logging.getLogger("collectd_fedmsg")


class HealthProducer(Producer):
    """Counts what the hub's consumers receive and process, and answers who asks."""

    def __init__(self, hub: Any) -> None:
        self._responder: Responder | None = None
        self._instrumented: list[Instrumented] = []
        try:
            self._begin(hub)
        except ConfigError as error:
            log.error("health reports are off: %s", error)
        except Exception:
            log.exception("health reports are off, the daemon goes on")

    def _begin(self, hub: Any) -> None:
        settings = read(hub.config)
        if settings is None:
            return
        self._instrumented = instrumented(hub.consumers, settings.stacks)
        all_counts = [instrument.counts for instrument in self._instrumented]
        watch_failures(hub.consumers, all_counts)
        stacks = [counts.stacks for counts in all_counts if counts.stacks is not None]

        def take(at: float) -> list[Sample]:
            return [counts.sample(at) for counts in all_counts]

        sampler = Sampler(stacks) if stacks else None
        modules = [(each.counts.name, each.module) for each in self._instrumented]
        about = AboutDaemon(lambda: modules, [counts.slowest for counts in all_counts])
        self._responder = Responder(settings, take, lambda: roster_of(hub), sampler, about)
        self._responder.start()
        os.register_at_fork(after_in_child=self._after_fork)
        super().__init__(hub)
        log.info("health reports of %s are on: %d consumers", settings.service, len(all_counts))

    def _after_fork(self) -> None:
        """Let go of what is the parent's; a lock taken here could be one that nobody gives back."""
        try:
            if self._responder is not None:
                self._responder.forget_in_child()
                for instrument in self._instrumented:
                    instrument.counts.forget_this_thread()
                    instrument.watch_for_use(self._serve_in_child)
        except Exception:  # noqa: S110 - nor may a child log: handlers have locks
            pass

    def _serve_in_child(self) -> None:
        """Report from a forked child: it has just received or handled a message."""
        try:
            for instrument in self._instrumented:
                instrument.unwatch()
                instrument.counts.begin_again()
            if self._responder is not None:
                self._responder.serve_in_child()
        except Exception:
            log.exception("health reports of a forked child are off, it goes on")

    def stop(self) -> None:
        """End the thread; moksha calls it when the hub closes, and closes the hub itself."""
        responder, self._responder = self._responder, None
        if responder is not None:
            responder.stop()


class Instrumented:
    """One consumer that is counted."""

    def __init__(self, consumer: Any, counts: Counts) -> None:
        self._consumer = consumer
        self.module = type(consumer).__module__
        self.counts = counts
        self._plain: tuple[Any, Any] | None = None

    def watch_for_use(self, begin: Callable[[], None]) -> None:
        """Call ``begin`` before the next message is put or worked on; takes no lock."""
        consumer = self._consumer
        if self._plain is not None:
            return
        put, work = self._plain = (consumer.incoming.put, consumer._do_work)

        def first_put(*args: Any, **kwargs: Any) -> Any:
            begin()
            return put(*args, **kwargs)

        def first_work(*args: Any, **kwargs: Any) -> Any:
            begin()
            return work(*args, **kwargs)

        consumer.incoming.put, consumer._do_work = first_put, first_work

    def unwatch(self) -> None:
        """Let messages pass as before."""
        if self._plain is not None:
            self._consumer.incoming.put, self._consumer._do_work = self._plain
            self._plain = None


def watch_failures(consumers: Iterable[Any], all_counts: Sequence[Counts]) -> None:
    """See the exceptions that moksha catches and logs, on whatever logs it writes them to."""
    watch = FailureFilter(all_counts)
    logs = {id(log): log for log in (getattr(consumer, "log", None) for consumer in consumers)}
    for moksha_log in (logging.getLogger("moksha.hub"), *logs.values()):
        if isinstance(moksha_log, logging.Logger):
            moksha_log.addFilter(watch)


def instrumented(consumers: Sequence[Any], stacks: bool = False) -> list[Instrumented]:
    """Instrument each consumer that can be; log the ones that cannot."""
    done = []
    for consumer, name in zip(consumers, names_of(consumers)):
        try:
            done.append(Instrumented(consumer, instrument(consumer, name, stacks)))
        except Exception:
            log.exception("%s is not counted", name)
    return done


def instrument_all(consumers: Sequence[Any]) -> list[Counts]:
    """Instrument each consumer that can be; return their accounts."""
    return [instrument.counts for instrument in instrumented(consumers)]


def instrument(consumer: Any, name: str = "", stacks: bool = False) -> Counts:
    """Count on one consumer from now on; return its accounts.

    ``name``: what it is reported under, its class's name by default. ``stacks``: whether the
    stacks of its threads will be looked at.

    What waits on its queue already is received by definition; what a worker has in hand
    already is left alone.
    """
    queue = consumer.incoming
    workers = 0 if consumer.blocking_mode else consumer.N
    loop = getattr(type(consumer), "_work_loop", None)
    code = getattr(loop, "__code__", None)
    name = name or type(consumer).__name__
    packages = packages_of(consumer) if stacks else None
    counts = Counts(name, queue.mutex, queue.queue, workers, loop=code, packages=packages)
    with queue.mutex:
        note = counts.count_put(lambda _: None)
        for waiting in queue.queue:
            note(waiting)
        queue._put = counts.count_put(queues.put_directly(queue))
        queue.put = queues.quick_put(queue) or queue.put
        if loop is not Consumer._work_loop:
            queue._get = counts.count_get(queue._get)
    if loop is not Consumer._work_loop or not moksha_way(type(consumer)):
        consumer.consume = counts.count_direct(consumer.consume)
    consumer._do_work = counts.count_work(consumer._do_work)
    consumer.validate = counted_validate(counts, consumer.validate)
    return counts


def moksha_way(consumer: type) -> bool:
    """Return whether messages reach a class's queue by moksha's or fedmsg's own code."""
    ways = (getattr(consumer, name, None) for name in ("_consume", "_consume_json"))
    return all(getattr(way, "__module__", "").split(".")[0] in ("moksha", "fedmsg") for way in ways)


def counted_validate(counts: Counts, validate: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``validate`` that also counts what it refuses."""

    def any_way(*args: Any, **kwargs: Any) -> Any:
        try:
            return validate(*args, **kwargs)
        except BaseException:
            counts.refuse()
            raise

    def one_message(message: Any) -> Any:  # moksha's own signature, at half the cost
        try:
            return validate(message)
        except BaseException:
            counts.refuse()
            raise

    return one_message if list(inspect.signature(validate).parameters) == ["message"] else any_way
