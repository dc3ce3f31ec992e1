"""The right page, once, with the reason in it: rules, states, notices and their ways out.

Pure: ``rules``, ``toml_file``, ``observation``, ``conditions``, ``machine``, ``grouping``,
``engine``, ``text``, ``pages``. Edges: ``journal`` (SQLite), ``live_rules`` (the file),
``delivery``, ``outputs`` and ``in_collectd``. See docs/alerting.rst.
"""
