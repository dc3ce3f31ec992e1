#!/bin/sh
# overlay.sh FOLDER... -- COMMAND...: run COMMAND as root in a copy-on-write copy of this machine,
# where the folders are the real ones. Nothing it installs, removes or writes elsewhere is there
# afterwards, and no process of it lives on. Needs root; exit code 99: the kernel refuses.
set -eu
if [ "${OVERLAY_INSIDE:-}" != yes ]; then
    unshare --mount --pid --fork true 2>/dev/null || exit 99
    OVERLAY_INSIDE=yes exec unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
fi
base=$(mktemp -d)
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root" || exit 99
root=$base/root
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
done
shift
# What is different, and the machine itself, to compare with.
mkdir "$root/run/changed" "$root/run/before"
mount --bind "$base/upper" "$root/run/changed"
mount --bind -o ro / "$root/run/before"
# Rebuilding the index of all manual pages would take longer than the tests.
rm -f "$root/var/lib/man-db/auto-update"
# Debian's way to say that a package must start nothing.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
    DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1 "$@"
