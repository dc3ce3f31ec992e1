"""Commands run as others: another user, or root without what root may do."""

from __future__ import annotations

import os

from examples.chain import ROOT

#: Root that file modes hold for; owns what the test made.
POWERLESS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all") if os.geteuid() == 0 else ()


def as_user(user: int, group: int) -> tuple[str, ...]:
    """Return the beginning of a command that runs as another user.

    Where others may not enter the folders above the checkout (in /root), the command may also
    read and search what its user may not; it can still connect, write and remove nothing more.
    """
    capabilities = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    command = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
    return (*command, *(() if _open_to_all() else capabilities))


def _open_to_all() -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (ROOT, *ROOT.parents))
