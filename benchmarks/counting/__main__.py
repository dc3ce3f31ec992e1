"""Print what the accounting costs per message, next to a plain consumer and prometheus_client."""

from __future__ import annotations

import argparse
import statistics

from . import hub, looks, memory, message


def main() -> None:
    """Run both benchmarks; every ratio is of figures of the same run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--count", type=int, default=100_000, help="messages per round")
    parser.add_argument("--hubs", type=int, default=5, help="real hubs of each kind")
    options = parser.parse_args()

    figures = message.times(options.rounds, options.count)
    plain, client_library = figures["plain"], figures["prometheus_client"]
    rival = min(client_library) - min(plain)
    print(f"In one process, best of {options.rounds} rounds of {options.count:,} messages:")
    for name, times in figures.items():
        added = min(times) - min(plain)
        print(
            f"  {name:<44}{min(times) * 1e9:7.0f} ns{added * 1e9:+7.0f} ns"
            f"{added / rival:7.2f} × prometheus_client"
        )
    print("Memory:")
    for name, octets in memory.figures():
        print(f"  {name:<52}{octets / 1024:8.1f} KiB")

    print("One look at the stacks, processor time of the plugin's thread, and at ten a second:")
    for name, seconds in looks.figures():
        print(f"  {name:<52}{seconds * 1e6:8.0f} µs{looks.share(seconds):8.2%} of a core")

    paced = f"one message each {PAUSE * 1e6:.0f} µs and more, as it wakes for each"
    for pacing, pause, count in (
        (paced, PAUSE, options.count // 4),
        ("flooded", 0.0, options.count),
    ):
        compare(pacing, pause, count, options.hubs)


#: Seconds between messages: about 4,000 a second, a third of what a hub can do.
PAUSE = 0.0002


def compare(pacing: str, pause: float, count: int, hubs: int) -> None:
    """Time hubs with and without us in turn and print both."""
    print(f"A real fedmsg-hub over zmq, {pacing}; {hubs} of each kind in turn:")
    runs: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for number in range(hubs):
        for enabled in (False, True) if number % 2 else (True, False):
            runs[enabled].append(hub.run(enabled, count, pause))
    for key, unit, mark in (("cpu", 1e6, "µs"), ("wall", 1e6, "µs"), ("rss", 1 / 2**20, "MiB")):
        without, with_us = ([run[key] * unit for run in runs[on]] for on in (False, True))
        low, high = statistics.median(without), statistics.median(with_us)
        print(
            f"  {key:<5} plain {low:7.2f} {mark}, with us {high:7.2f} {mark}:"
            f" {high - low:+.2f} {mark}, {(high / low - 1) * 100:+.1f} %"
            f" (best {min(without):.2f}, {min(with_us):.2f})"
        )


if __name__ == "__main__":
    main()
