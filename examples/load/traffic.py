"""Messages shaped like Fedora's; hand-made after the fields that its services publish.

They are synthetic: same topics and keys as the real ones, invented values. ``everyday`` mixes
them with captured real ones where their package is installed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .captured import captured, replayed

PACKAGES = ("kernel", "glibc", "python3.12", "firefox", "systemd", "bash", "gcc", "qt6-qtbase")
PEOPLE = ("ralph", "lmacken", "pingou", "toshio", "kevin", "adamwill", "churchyard")


def builds(rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a mass rebuild publishes: modname, topic, message."""
    while True:
        name = rng.choice(PACKAGES)
        yield (
            "buildsys.build.state.change",
            {
                "build_id": rng.randrange(10**6, 10**7),
                "name": name,
                "version": f"{rng.randrange(1, 9)}.{rng.randrange(20)}",
                "release": f"{rng.randrange(1, 5)}.fc42",
                "owner": rng.choice(PEOPLE),
                "instance": "primary",
                "attribute": "state",
                "old": 0,
                "new": 1,
                "task_id": rng.randrange(10**7, 10**8),
            },
        )


def everyday(rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an ordinary hour's mix: half captured messages, half builds, commits and comments."""
    build, real = builds(rng), replayed(rng) if captured() else None
    while True:
        if real and rng.random() < 0.5:
            yield next(real)
            continue
        kind = rng.random()
        if kind < 0.5:
            yield next(build)
        elif kind < 0.75:
            yield (
                "git.receive",
                {
                    "commit": {
                        "repo": rng.choice(PACKAGES),
                        "branch": "rawhide",
                        "username": rng.choice(PEOPLE),
                        "summary": "Rebuilt",
                        "rev": f"{rng.getrandbits(160):040x}",
                    }
                },
            )
        elif kind < 0.9:
            yield (
                "bodhi.update.comment",
                {
                    "comment": {
                        "author": rng.choice(PEOPLE),
                        "karma": rng.choice((-1, 0, 1)),
                        "text": "works for me",
                        "update_title": f"{rng.choice(PACKAGES)}-1.0-1.fc42",
                    }
                },
            )
        else:
            yield (
                "wiki.article.edit",
                {"title": "Releases/42/Schedule", "user": rng.choice(PEOPLE), "minor_edit": True},
            )
