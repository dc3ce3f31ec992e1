"""Let a bus of ours drop nothing: no socket of it has a high-water mark.

fedmsg leaves zmq's 1,000 where its ``high_water_mark`` is 0, and any other value fails: it sets
the option of zeromq 2, which pyzmq still names and libzmq 4 refuses. moksha's publishing socket,
through which a relay forwards, has no setting at all: a relay whose I/O thread gets no processor
for a third of a second drops messages for every daemon. A production bus keeps its marks; a demo
or a test that counts every message cannot.
"""

from __future__ import annotations

from typing import Any

import zmq


def install() -> None:
    """Make every zmq context of this process such a one; for fedmsg.d, before a socket is made."""
    plain = zmq.Context.__init__
    if hasattr(plain, "lossless"):
        return

    def unlimited(context: Any, *args: Any, **kwargs: Any) -> None:
        plain(context, *args, **kwargs)
        for mark in (zmq.SNDHWM, zmq.RCVHWM):
            context.setsockopt(mark, 0)  # what its sockets begin with

    unlimited.lossless = True  # type: ignore[attr-defined]
    zmq.Context.__init__ = unlimited  # type: ignore[method-assign]
