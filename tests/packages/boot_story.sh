#!/bin/sh
# In a booted Debian 12 that holds nothing but our packages and what they need: are the services up
# under their confinement, and does the role do its work, once? $1: the checkout.
set -u
exec >/root/story.out 2>&1
page() { curl --silent --show-error --fail --retry 20 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$1$2"; }
show() { systemctl show --property="$2" --value "collectd-fedmsg-$1.service"; }
play() {
    ANSIBLE_ROLES_PATH=$1/packaging/ansible/roles "$1/.venv/bin/ansible-playbook" --connection=local \
        --inventory=localhost, --extra-vars ansible_python_interpreter=/usr/bin/python3 /root/play.yml
}
echo "health $(page 8087 /healthz)"
echo "dashboard $(show dashboard ActiveState) $(show dashboard UnitFileState) $(show dashboard NRestarts)"
echo "alerts $(show alerts ActiveState) $(show alerts UnitFileState)"
systemctl start collectd-fedmsg-alerts.service
folder=/var/lib/collectd/rrd/h/fedmsg-hub
mkdir -p $folder
for name in queue_length-C_backlog derive-C_received derive-C_processed; do
    rrdtool create $folder/$name.rrd --step 10 DS:value:GAUGE:3600:0:U RRA:AVERAGE:0.5:1:100 RRA:MAX:0.5:1:100
    rrdtool update $folder/$name.rrd "$(date +%s):5"
done
for _ in $(seq 30); do
    page 8087 "/daemon/h/hub/C/panel.png?metric=backlog" >/root/panel.png 2>/dev/null && break
    sleep 1
done
echo "picture $(head -c 4 /root/panel.png | tail -c 3)"
cat >/root/play.yml <<PLAY
- hosts: all
  roles:
    - role: collectd_fedmsg
      vars:
        collectd_fedmsg_daemon_users: [fedmsg]
        collectd_fedmsg_dashboard: true
        collectd_fedmsg_dashboard_port: 8088
        collectd_fedmsg_collectd_service: ""
PLAY
useradd fedmsg
play "$1" | grep -E 'ok=|fatal|ERROR' | sed 's/^/first /'
play "$1" | grep -E 'ok=|fatal|ERROR' | sed 's/^/second /'
echo "moved $(page 8088 /healthz)"
echo "group $(id -nG fedmsg)"
echo "alerts $(show alerts ActiveState) $(show alerts NRestarts)"
apt-get --yes purge collectd-fedmsg collectd-fedmsg-dashboard >/root/purge.log 2>&1
echo "purged $? $(systemctl list-units --plain --no-legend 'collectd-fedmsg*' | tr "\n" ";")"
