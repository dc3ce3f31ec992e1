#!/bin/sh
# Set up what `make demo` needs, and with the word `test` also what the tests need, on a fresh
# Debian 12 or 13. Safe to run again. System packages: apt-demo.txt and apt-test.txt; Python
# packages: requirements/, each with its hash.
# shellcheck disable=SC2086,SC2013,SC2015,SC2016  # lists of words; text for another shell
set -eu
cd "$(dirname "$0")/.."
KIND=${1:-demo}
LISTS=packaging/apt-demo.txt
[ "$KIND" = demo ] || LISTS="$LISTS packaging/apt-test.txt"
STAMP=.venv/set-up
LOG=.run/setup.log
python=.venv/bin/python
NOW=$(cat pyproject.toml packaging/requirements/*.txt packaging/setup.sh | sha256sum | cut -d' ' -f1)
BEGAN=$(date +%s)
mkdir -p .run

. packaging/packages.sh

step() { printf '[%s/4] %3d s  %s\n' "$1" "$(($(date +%s) - BEGAN))" "$2" >&2; }
run() { "$@" >>"$LOG" 2>&1 || { tail -n 20 "$LOG" >&2; echo "setup: failed: $* (all of it: $LOG)" >&2; exit 1; }; }
# What was installed for the tests serves the demo as well.
is_set_up() { [ "$(cat $STAMP 2>/dev/null)" = "$NOW test" ] || [ "$(cat $STAMP 2>/dev/null)" = "$NOW $KIND" ]; }
installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q "ok installed"; }
site() { $python -c 'import sysconfig; print(sysconfig.get_path("platlib"))'; }
known() { [ -n "$(apt-cache show "$1" 2>/dev/null)" ]; }

# `a|b` in a list is whichever name this release has; 3.x is the version of its python3.
PYTHON3=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
wanted() {
    for line in $(sed "s/#.*//; s/3\.x/$PYTHON3/" $LISTS); do
        names=$(echo "$line" | tr '|' ' ')
        for name in $names; do installed "$name" && continue 2; done
        for name in $names; do known "$name" && break; done
        printf ' %s' "$name"
    done
}

# Packages bring services; none of them shall start on this machine because of us. The policy ends
# with this process: once it is gone, the policy allows everything and removes itself.
write_policy() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e $policy ] || return 0
    trap 'wait; $as rm -f $policy' EXIT
    printf '#!/bin/sh\ngrep -qs setup.sh /proc/%s/cmdline && exit 101\nrm -f "$0"\nexit 0\n' $$ |
        $as tee $policy >/dev/null
    $as chmod 755 $policy
}

install_system() { # a log of its own, for it runs beside the other
    $apt $missing >$LOG.apt 2>&1 || { tail -n 20 $LOG.apt >&2; echo "setup: failed: $apt$missing" >&2; exit 1; }
}

missing=$(wanted)
[ -z "$missing" ] && is_set_up && exit 0
step 1 "system packages:${missing:- all there}"
system=
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then as=""
    elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then as=sudo
    else
        echo "setup: system packages are missing and cannot be installed from here; run" >&2
        echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    run $as apt-get update
    # Names are known for certain only now.
    missing=$(wanted)
    trap wait EXIT
    trap 'exit 1' INT TERM HUP
    write_policy
    apt="$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300"
    case "$missing " in *" python3-venv "*) run $apt python3-venv ;; esac
    # The rest comes while the Python packages do.
    install_system &
    system=$!
fi

# collectd embeds the distribution's own Python, so its packages must be built for that one.
step 2 "virtual environment"
clean_pip_environment
if ! $python -c 0 2>/dev/null; then
    run /usr/bin/python3 -m venv --clear --without-pip .venv
    # The distribution's pip, unpacked; `ensurepip` takes seconds to do the same.
    run $python -m zipfile -e /usr/share/python-wheels/pip-*.whl "$(site)"
fi
configure_uv
$PIP install --require-hashes --no-deps --no-compile -r packaging/requirements/uv.txt >>"$LOG" 2>&1 ||
    echo "setup: no uv for this machine, pip takes longer" >&2
step 3 "python packages"
for name in build build-txws "$KIND"; do
    run install --require-hashes -r packaging/requirements/$name.txt
done
run install -e .
install --require-hashes -r packaging/requirements/captured.txt ||
    echo "setup: no captured messages, the demo's are synthetic" >&2
[ -z "$system" ] || wait "$system"
# The distribution's binding of rrdtool is one file; nothing else of the system is seen.
for file in /usr/lib/python3/dist-packages/rrdtool*.so; do
    [ ! -e "$file" ] || ln -sf "$file" "$(site)/"
done
step 4 "done"
echo "$NOW $KIND" >$STAMP
