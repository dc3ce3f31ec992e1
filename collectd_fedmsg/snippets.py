"""Ready text for collectd.conf and fedmsg.d; pure."""

from __future__ import annotations

from collections.abc import Sequence

_COLLECTD = """\
# collectd.conf snippet of collectd-fedmsg. Set also, at the top of collectd.conf, WriteThreads 1
# and equal WriteQueueLimits: what comes after an outage would be stored in part otherwise.
<LoadPlugin python>
  Globals true
</LoadPlugin>
<Plugin python>
{module_paths}  LogTraces true
  Import "collectd_fedmsg.collectd_plugin"
  <Module "collectd_fedmsg.collectd_plugin">
    Endpoints "{run_folder}/*.sock"
    Interval {interval}
    Timeout {timeout:g}
    StateFile "{state_file}"
{more}  </Module>
</Plugin>
"""

_FEDMSG = """\
# fedmsg.d/collectd_fedmsg.py
try:
    from collectd_fedmsg import explicit_hubs
except ImportError:  # not in this Python: its daemons run as they did before
    pass
else:  # fedmsg-relay, -gateway and -irc load no plugin by themselves
    explicit_hubs.install()

config = {{
    "collectd_fedmsg.enabled": True,
    "collectd_fedmsg.run_folder": "{run_folder}",
    "collectd_fedmsg.interval": {interval},
{more}}}
"""


def collectd_block(
    run_folder: str,
    state_file: str,
    interval: int,
    module_paths: Sequence[str],
    rrdcached: str = "",
) -> str:
    """Return the python plugin's part of collectd.conf; ``interval`` in seconds.

    ``module_paths`` must name real folders, as collectd's Python reads no .pth file; none is
    needed for what a distribution's package installs.
    ``rrdcached`` is the ``unix:/path`` of the one behind collectd, if any.
    """
    return _COLLECTD.format(
        run_folder=run_folder,
        state_file=state_file,
        interval=interval,
        timeout=min(2.0, interval / 2),
        more=f'    Rrdcached "{rrdcached}"\n' if rrdcached else "",
        module_paths="".join(f'  ModulePath "{path}"\n' for path in module_paths),
    )


def fedmsg_snippet(run_folder: str, interval: int, group: str = "") -> str:
    """Return a file for fedmsg.d that switches the hub plugin on; ``interval`` in seconds.

    ``group`` may read the sockets, besides the daemons' own user.
    """
    more = f'    "collectd_fedmsg.group": {group!r},\n' if group else ""
    return _FEDMSG.format(run_folder=run_folder, interval=interval, more=more)
