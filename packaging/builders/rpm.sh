#!/bin/sh
# rpm.sh OUT: binary and source RPMs from the sdist in OUT. On Fedora leave RPM_NODEPS empty; on
# Debian the build requirements have other names, and rpm knows nothing of dpkg's packages.
set -eu
. "$(dirname "$0")/common.sh"
# The distribution's own Python builds, whatever else this machine has.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/debian_version ] && RPM_NODEPS=--nodeps
# The src.rpm's header holds this path: one for all builds, one build at a time.
TOP=/var/tmp/collectd-fedmsg-rpm-$(id -u)
exec 9>"$TOP.lock"
flock 9
rm -rf "$TOP"
mkdir -m 700 "$TOP"
trap 'rm -rf "$WORK" "$TOP"' EXIT
mkdir "$TOP/SOURCES" "$TOP/SPECS"
cp "$OUT/collectd_fedmsg-$VERSION.tar.gz" "$TOP/SOURCES"
DATE=$(date --utc --date="@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')
sed "s/@VERSION@/$VERSION/; s/@DATE@/$DATE/" "$HERE/../rpm/collectd-fedmsg.spec.in" >"$TOP/SPECS/collectd-fedmsg.spec"
rpmbuild -ba ${RPM_NODEPS:-} \
    --define "_topdir $TOP" --define "_buildhost localhost" \
    --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
    --define "source_date_epoch_from_changelog 0" \
    "$TOP/SPECS/collectd-fedmsg.spec" >"$WORK/log" 2>&1 || { tail -n 40 "$WORK/log" >&2; exit 1; }
cp "$TOP"/RPMS/noarch/*.rpm "$TOP"/SRPMS/*.rpm "$OUT"
cp "$TOP/SPECS/collectd-fedmsg.spec" "$OUT"
