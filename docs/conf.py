"""Sphinx: `make docs`."""

project = "collectd-fedmsg"
copyright = "the collectd-fedmsg developers"
extensions: list[str] = []
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Queue health of fedmsg daemons"}
