#!/bin/sh
# deb.sh OUT: Debian packages from the sdist in OUT, by debhelper, with what Debian 12 has.
set -eu
. "$(dirname "$0")/common.sh"
# The distribution's own Python builds, whatever else this machine has.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
tar --extract --file "$OUT/collectd_fedmsg-$VERSION.tar.gz" --directory "$WORK"
cd "$WORK/collectd_fedmsg-$VERSION"
cp -r packaging/deb debian
chmod +x debian/rules
# debhelper looks for these under the names of the packages.
cp packaging/systemd/*.sysusers packaging/systemd/*.tmpfiles debian/
for unit in dashboard alerts; do
    cp "packaging/systemd/collectd-fedmsg-$unit.service" "debian/collectd-fedmsg-dashboard.collectd-fedmsg-$unit.service"
done
cat >debian/changelog <<CHANGELOG
collectd-fedmsg ($VERSION) unstable; urgency=medium

  * Changes: /usr/share/doc/collectd-fedmsg/CHANGELOG.rst.gz

 -- $(sed -n "s/^Maintainer: //p" "$HERE/../deb/control")  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
CHANGELOG
mkdir -p debian/source
echo "3.0 (native)" >debian/source/format
dpkg-buildpackage --build=binary --no-sign ${DEB_CHECK_DEPENDS:-} >"$WORK/log" 2>&1 || { tail -n 40 "$WORK/log" >&2; exit 1; }
cp "$WORK"/*.deb "$OUT"
