# shellcheck shell=sh disable=SC2034
# Sourced by the builders: one version, one time, one umask.
umask 022
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
export LC_ALL=C.UTF-8 TZ=UTC
VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$ROOT/collectd_fedmsg/__init__.py")
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    # In an unpacked sdist every file has the release's time.
    SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || stat -c %Y "$ROOT/pyproject.toml")
fi
export SOURCE_DATE_EPOCH
OUT=$(mkdir -p "$1" && cd "$1" && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP
