"""Count inside a fedora-messaging service: what its callback does with each message.

Two ways in, one mechanism. The entry point of the group ``fedora.messages`` needs no change of
configuration: the library loads it while it parses its first message. Or the callback is named
``collectd_fedmsg.fedora_messaging_plugin:callback``, and the service's own under
``[consumer_config.collectd_fedmsg]``; then it is counted from its start on.

Either way ``Consumer.callback`` gives the library the service's callback with the counting around
it: of the same kind (function or coroutine function), letting every exception through. What is
prefetched and not handed to the callback yet is not in progress: that is the broker's backlog.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fedora_messaging import config, exceptions, message

try:
    from fedora_messaging.twisted import consumer as library
except ImportError:  # an edition that has it elsewhere: nothing is counted, and nothing breaks
    library = None  # type: ignore[assignment]

from . import counting
from .hub.settings import Settings

log = logging.getLogger("collectd_fedmsg")
#: The consumer's name in the row: a queue's consumers have none, so all of one queue are one row.
NAME = "Consumer"
#: The table of ours under ``[consumer_config]``, and the key in it that only the named way needs.
TABLE, CALLBACK = "collectd_fedmsg", "callback"
#: Exceptions by which a callback says what shall become of the message: no errors.
NO_FAILURES = (exceptions.Nack, exceptions.Drop, exceptions.HaltConsumer)
#: Where the library's consumer has the callback that was given to it.
_OWN = "callback"
_WRAPPED = "_collectd_fedmsg_counted"


class HealthMessage(message.Message):
    """No message is of this class: the library loads it, and with it this module."""


class _Callback:
    """``Consumer.callback``: what was set, with the counting around it."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return None
        own = vars(instance).get(_OWN)
        try:
            return counted_for(instance, own)
        except Exception:
            log.exception("%r is not counted, the service goes on", own)
            setattr(instance, _WRAPPED, (own, own))
            return own

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[_OWN] = getattr(value, "__wrapped_callback__", value)


def counted_for(instance: Any, own: Any) -> Any:
    """Return a consumer's callback with the counting around it, the same one at each call."""
    if own is None:
        return None
    wrapped = vars(instance).get(_WRAPPED)
    if wrapped is None or wrapped[0] is not own:
        counts = _consumer_of(str(instance.queue or ""), own)
        wrapped = vars(instance)[_WRAPPED] = (own, own if counts is None else count(own, counts))
    return wrapped[1]


def count(own: Callable[[Any], Any], counts: counting.Consumer) -> Callable[[Any], Any]:
    """Return a callback of the same kind as ``own`` that also counts."""

    async def counted_coroutine(received: Any) -> Any:
        with counts.handling(received.topic, sent_at(received)):
            return await own(received)

    def counted_function(received: Any) -> Any:
        with counts.handling(received.topic, sent_at(received)):
            return own(received)

    counted: Any = counted_coroutine if library.is_coro(own) else counted_function
    functools.update_wrapper(counted, own, updated=())
    counted.__wrapped_callback__ = own
    return counted  # type: ignore[no-any-return]


def sent_at(received: Any) -> float | None:
    """Return when a message was sent (seconds since the epoch), None when it does not say."""
    try:
        return datetime.fromisoformat(received._headers["sent-at"]).timestamp()
    except Exception:
        # Any sender may put anything there.
        return None


_consumers: dict[str, counting.Consumer | None] = {}


def _consumer_of(queue: str, own: Any) -> counting.Consumer | None:
    """Return the accounts of a queue; None where the service does not want them."""
    if queue not in _consumers:
        _consumers[queue] = None
        settings = settings_of(config.conf.get("consumer_config") or {}, queue)
        if settings is not None:
            module = getattr(own, "__module__", None) or ""
            counts = counting.Consumer(
                NAME, replicas=True, no_failures=NO_FAILURES, packages=(module,), **settings
            )
            counts.start()
            _consumers[queue] = counts
            log.info("health reports of queue %s are on: %s", queue, settings)
    return _consumers[queue]


def settings_of(consumer_config: Mapping[str, Any], queue: str) -> dict[str, Any] | None:
    """Return what to give ``counting.Consumer``, None where nothing is wanted.

    Without a table of ours it is wanted where the run folder is, and can be written.
    """
    ours = consumer_config.get(TABLE)
    if ours is None:
        folder = Settings.run_folder
        return {"service": _name(queue)} if os.access(folder, os.W_OK | os.X_OK) else None
    settings = {key: value for key, value in ours.items() if key not in (CALLBACK, "enabled")}
    return {"service": _name(queue), **settings} if ours.get("enabled", True) is True else None


def _name(queue: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", queue)[:60].lstrip(".-") or "service"


def install() -> None:
    """Put the counting around every consumer's callback, of now and later."""
    try:
        if not isinstance(vars(library.Consumer).get(_OWN), _Callback):
            setattr(library.Consumer, _OWN, _Callback())
    except Exception:
        log.exception("callbacks are not counted, the service goes on")


def __getattr__(name: str) -> Any:
    """Return the service's own callback as ``callback``, for the configuration to name.

    Raises:
        ConfigurationException: the table of ours does not say which it is.
    """
    if name != CALLBACK:
        raise AttributeError(name)
    ours = (config.conf.get("consumer_config") or {}).get(TABLE) or {}
    module, colon, attribute = str(ours.get(CALLBACK, "")).partition(":")
    if not colon:
        raise exceptions.ConfigurationException(
            f'[consumer_config.{TABLE}] needs {CALLBACK} = "module:callback"'
        )
    callback: Any = importlib.import_module(module)
    for part in attribute.split("."):
        callback = getattr(callback, part)
    if not callable(callback) and not inspect.isclass(callback):
        raise exceptions.ConfigurationException(f"{module}:{attribute} cannot be called")
    return callback


install()
