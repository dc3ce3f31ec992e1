#!/bin/sh
# In a copy of the machine: install, remove and purge; print what differs from before, by phase.
set -eu
out=$1
changed() {
    # Files that are new, changed or gone (a whiteout is a device), and folders that are new.
    (cd /run/changed && find . ! -type d -printf '%y %P\n' | sort)
    (cd /run/changed && find . -mindepth 1 -type d -printf '%P\n' | sort) | while read -r folder; do
        [ -e "/run/before/$folder" ] || echo "d $folder"
    done
}
apt() { apt-get --yes --quiet --no-install-recommends "$@" >/tmp/log 2>&1 || { cat /tmp/log >&2; exit 1; }; }
apt install "$out"/*.deb
echo "== installed"
changed
# What the services write while they run.
mkdir -p /var/lib/collectd /var/lib/collectd-fedmsg
touch /var/lib/collectd/collectd_fedmsg.json /var/lib/collectd-fedmsg/marks
apt remove collectd-fedmsg collectd-fedmsg-dashboard
echo "== removed"
changed
apt purge collectd-fedmsg collectd-fedmsg-dashboard
echo "== purged"
changed
