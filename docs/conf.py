"""Sphinx: `make docs`."""

import sys
from pathlib import Path

from collectd_fedmsg import __version__

sys.path.insert(0, str(Path(__file__).parent))  # generated.py

project = "collectd-fedmsg"
release = __version__
copyright = "the collectd-fedmsg developers"
extensions = ["sphinx_argparse_cli", "generated"]
nitpicky = True
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {"description": "Queue health of fedmsg daemons", "page_width": "1100px"}
man_pages = [
    ("commands/collectd-fedmsg", "collectd-fedmsg", "queue health of fedmsg daemons", "", 1),
    (
        "commands/collectd-fedmsg-dashboard",
        "collectd-fedmsg-dashboard",
        "show the queue health of fedmsg daemons",
        "",
        1,
    ),
]
