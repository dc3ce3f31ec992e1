"""EDGE moksha: the producer that instruments every consumer of a hub.

Loaded by the entry point ``moksha.producer``, switched on from fedmsg.d. It replaces
methods on the instances only, so the daemon's code and moksha's own accounts stay as they
are, and it never raises into the daemon.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from moksha.hub.api import Consumer, Producer

from .errors import ConfigError
from .hub import queue_hooks as queues
from .hub.counts import Counts
from .hub.responder import Responder
from .hub.settings import read
from .protocol import roster as rosters
from .protocol.roster import Roster
from .protocol.sample import Sample

log = logging.getLogger("collectd_fedmsg")


class HealthProducer(Producer):
    """Counts what the hub's consumers receive and process, and answers who asks."""

    def __init__(self, hub: Any) -> None:
        self._responder: Responder | None = None
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
        counted = instrument_all(hub.consumers)

        def take(at: float) -> list[Sample]:
            return [counts.sample(at) for counts in counted]

        self._responder = Responder(settings, take, lambda: roster_of(hub))
        self._responder.start()
        os.register_at_fork(after_in_child=self._after_fork)
        super().__init__(hub)
        log.info("health reports of %s are on: %d consumers", settings.service, len(counted))

    def _after_fork(self) -> None:
        if self._responder is not None:
            self._responder.restart_in_child()

    def stop(self) -> None:
        """End the thread; moksha calls it when the hub closes, and closes the hub itself."""
        responder, self._responder = self._responder, None
        if responder is not None:
            responder.stop()


def roster_of(hub: Any) -> Roster:
    """Return who works in a hub at this moment, by moksha's own attributes."""
    return Roster(
        consumers=tuple(type(one).__name__ for one in hub.consumers),
        producers=tuple(producer_of(one) for one in hub.producers),
    )


def producer_of(producer: Any) -> rosters.Producer:
    """Return what one producer tells of itself; a class of another make may tell less."""
    interval = getattr(producer, "frequency", None)
    if isinstance(interval, timedelta):  # one that is not initialized
        interval = interval.total_seconds()
    return rosters.Producer(
        name=type(producer).__name__,
        interval=None if interval is None else float(interval),
        last_run=getattr(producer, "_last_ran", None),
        initialized=bool(getattr(producer, "_initialized", False)),
        exceptions=int(getattr(producer, "_exception_count", 0)),
    )


def instrument_all(consumers: Iterable[Any]) -> list[Counts]:
    """Instrument each consumer that can be; log the ones that cannot."""
    counted = []
    for consumer in consumers:
        try:
            counted.append(instrument(consumer))
        except Exception:
            log.exception("%s is not counted", type(consumer).__name__)
    return counted


def instrument(consumer: Any) -> Counts:
    """Count on one consumer from now on; return its accounts.

    What waits on its queue already is received by definition; what a worker has in hand
    already is left alone.
    """
    queue = consumer.incoming
    workers = 0 if consumer.blocking_mode else consumer.N
    loop = getattr(type(consumer), "_work_loop", None)
    code = getattr(loop, "__code__", None)
    counts = Counts(type(consumer).__name__, queue.mutex, queue.queue, workers, loop=code)
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
    return all(getattr(way, "__module__", "").split(".")[0] in ("moksha", "fedmsg")
               for way in ways)


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
