#!/bin/sh
# Set up what `make demo` needs, and with the word `test` also what the tests need, on a fresh
# Debian 12. Safe to run again. System packages are listed in apt-demo.txt and apt-test.txt.
set -eu
cd "$(dirname "$0")/.."
LISTS=packaging/apt-demo.txt
EXTRAS=demo
if [ "${1:-demo}" = test ]; then
    LISTS="$LISTS packaging/apt-test.txt"
    EXTRAS=demo,test,lint,docs,release
fi
PACKAGES=$(sed 's/#.*//' $LISTS)
STAMP=.venv/set-up
# What was installed for the tests serves the demo as well.
done_before() { grep -qsx "$NOW $EXTRAS.*" $STAMP; }
NOW=$(cat pyproject.toml packaging/constraints.txt packaging/setup.sh | sha256sum | cut -d' ' -f1)
BEGAN=$(date +%s)
LOG=.run/setup.log

step() { printf '[%s/4] %3d s  %s\n' "$1" "$(($(date +%s) - BEGAN))" "$2" >&2; }
run() { "$@" >>"$LOG" 2>&1 || { tail -n 20 "$LOG" >&2; echo "setup: failed: $* (all of it: $LOG)" >&2; exit 1; }; }

mkdir -p .run
missing=""
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && done_before && exit 0

step 1 "system packages:${missing:- all there}"
if [ -n "$missing" ]; then
    line="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ]; then as=""
    elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then as=sudo
    else
        echo "setup: system packages are missing and cannot be installed from here; run" >&2
        echo "    sudo apt-get update && sudo $line" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    run $as apt-get update
    # Packages bring services; none of them shall start on this machine because of us.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap '$as rm -f $policy' EXIT
        trap 'exit 1' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' | $as tee $policy >/dev/null
        $as chmod 755 $policy
    fi
    run $as env DEBIAN_FRONTEND=noninteractive $line -o DPkg::Lock::Timeout=300
fi

# collectd embeds the distribution's own Python, so its packages must be built for that one.
step 2 "virtual environment"
[ -x .venv/bin/pip ] && .venv/bin/python -c 0 2>/dev/null || run /usr/bin/python3 -m venv --clear .venv
# Old source packages need the same setuptools when they are built: pip hands this on.
PIP_CONSTRAINT=$PWD/packaging/constraints.txt
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_CONSTRAINT PIP_DISABLE_PIP_VERSION_CHECK
step 3 "python packages"
run .venv/bin/pip install setuptools wheel
run .venv/bin/pip install -e ".[$EXTRAS]"
# For its captured messages only: what it imports needs Kerberos. The demo can do without.
.venv/bin/pip install -q --no-deps fedmsg_meta_fedora_infrastructure >>"$LOG" 2>&1 ||
    echo "setup: no captured messages, the demo's are synthetic" >&2
step 4 "done"
echo "$NOW $EXTRAS" >$STAMP
