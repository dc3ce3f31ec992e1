"""``write_snippets.py FOLDER``: what `collectd-fedmsg config` prints, for a system's Python."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.commands.config import STATE_FILE

FOLDER = Path(sys.argv[1])
RUN_FOLDER = "/run/fedmsg-health"
block = snippets.collectd_block(RUN_FOLDER, STATE_FILE, 10, [])
(FOLDER / "collectd.conf").write_text(block, "utf-8")
(FOLDER / "fedmsg.py").write_text(snippets.fedmsg_snippet(RUN_FOLDER, 10), "utf-8")
