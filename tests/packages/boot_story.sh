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
# Series of this host an hour ahead, as after a clock was set back; collectd's part is a sleep.
ahead=/var/lib/collectd/rrd/$(hostname)/fedmsg-hub/queue_length-C_backlog.rrd
mkdir -p "$(dirname "$ahead")"
rrdtool create "$ahead" --step 10 DS:value:GAUGE:3600:0:U RRA:AVERAGE:0.5:1:1000
rrdtool update "$ahead" "$(date +%s):5" "$(($(date +%s) + 3600)):6"
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/run/systemd/system/collectd.service
mkdir -p /run/systemd/system/collectd-fedmsg-rewind.service.d
# In a container nothing may keep the clock; --steady is a minute otherwise.
printf '[Service]\nEnvironment="OPTIONS=--unsynchronised --steady 2"\n' >/run/systemd/system/collectd-fedmsg-rewind.service.d/x.conf
systemctl daemon-reload
systemctl start collectd.service
before=$(systemctl show --property=MainPID --value collectd.service)
echo "timer $(systemctl is-enabled collectd-fedmsg-rewind.timer) $(systemctl is-active collectd-fedmsg-rewind.timer)"
systemctl start collectd-fedmsg-rewind.service
echo "rewind $(show rewind Result) $(($(rrdtool last "$ahead") <= $(date +%s)))"
echo "restarted $(systemctl is-active collectd.service) $([ "$before" != "$(systemctl show --property=MainPID --value collectd.service)" ] && echo anew)"
echo "copies $(find /var/lib/collectd-fedmsg-rewind -name '*.rrd' | wc -l)"
# Killed while collectd is stopped: the unit's ExecStopPost starts it.
systemctl stop collectd-fedmsg-rewind.service
printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "systemctl stop collectd.service; touch $RUNTIME_DIRECTORY/stopped; kill -KILL $$$$"\n' >/run/systemd/system/collectd-fedmsg-rewind.service.d/y.conf
systemctl daemon-reload
systemctl start collectd-fedmsg-rewind.service
echo "killed $(show rewind Result) $(systemctl is-active collectd.service)"
rm -r /run/systemd/system/collectd-fedmsg-rewind.service.d
systemctl daemon-reload
systemctl reset-failed collectd-fedmsg-rewind.service
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
