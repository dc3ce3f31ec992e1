"""One real hub whose consumers take their messages in different ways, after a replay."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader import collect as reader
from examples.chain import Daemon
from examples.processes import wait_for

from .bus import OBEDIENT, Bus

REPLAYED = 7
TOPIC = "org.fedoraproject.dev.order"


def test_each_kind_is_exact(short_folder: Path) -> None:
    """Moksha's way, past the queue, a loop of its own: received and processed are exact.

    fedmsg puts what it missed straight on the queue at the start: received like any other.
    """
    kinds = ("Obedient", "PastTheQueue", "OwnLoop")
    status = short_folder / "status" / "fedmsg-hub" / "Obedient"
    status.parent.mkdir(parents=True)
    status.write_text(json.dumps({"message": {"body": {"timestamp": 1, "msg_id": "seen"}}}))
    with datagrepper() as url, Bus(short_folder) as bus:
        module = OBEDIENT.partition(":")[0]
        bus.chain.start_hub(Daemon("kinds", ",".join(f"{module}:{kind}" for kind in kinds), 4, {
            "obedient.enabled": True, "past_the_queue.enabled": True, "own_loop.enabled": True,
            "status_directory": str(short_folder / "status"), "datagrepper_url": url,
        }))  # fmt: skip
        wait_for("the replay", lambda: newest(bus)["Obedient"].received >= REPLAYED)

        def subscribed() -> bool:
            bus.publish()
            now = newest(bus)
            return all(now[kind].processed > REPLAYED for kind in kinds)

        wait_for("all are subscribed", subscribed)
        before = settled(bus)
        assert before["Obedient"].received == before["OwnLoop"].received + REPLAYED
        bus.publish(40)
        bus.publish(10, fail=True)
        # A failure is noted a moment after its end.
        wait_for(
            "all have come",
            lambda: all(
                sample.processed >= before[kind].processed + 50
                and sample.failed >= before[kind].failed + 10
                for kind, sample in newest(bus).items()
            ),
        )
        after = newest(bus)
    for kind in kinds:
        assert after[kind].received - before[kind].received == 50
        assert after[kind].processed - before[kind].processed == 50
        assert after[kind].failed - before[kind].failed == 10
        assert (after[kind].backlog, after[kind].rejected) == (0, 0)
        assert after[kind].observable is (kind != "PastTheQueue")
        assert after[kind].topic_processed[TOPIC] == after[kind].processed


def newest(bus: Bus) -> dict[str, Sample]:
    harvest = reader.latest([f"{bus.chain.run_folder}/kinds.*.sock"], 30.0, time.time())
    return {sample.consumer: sample for _, _, samples in harvest.fresh for sample in samples}


def settled(bus: Bus) -> dict[str, Sample]:
    """Return the newest samples once nothing came from one second to the next."""
    last = [newest(bus)]

    def unchanged() -> bool:
        now = newest(bus)
        if now["Obedient"].time == last[0]["Obedient"].time:
            return False
        before, last[0] = last[0], now
        return all(
            sample.received == before[kind].received and not sample.backlog
            for kind, sample in now.items()
        )

    wait_for("nothing is left to do", unchanged)
    return last[0]


@contextmanager
def datagrepper() -> Iterator[str]:
    """Serve what datagrepper would answer a hub that was away: messages, and one it has seen."""
    missed = [
        {"topic": TOPIC, "msg_id": f"2026-{number}", "timestamp": 2, "msg": {}}
        for number in range(REPLAYED)
    ]
    body = json.dumps({"pages": 1, "raw_messages": [{**missed[0], "msg_id": "seen"}, *missed]})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/raw"
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
