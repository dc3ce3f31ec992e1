"""The sub-commands of ``collectd-fedmsg``: one module each, with ``add`` and its own imports."""
