#!/bin/sh
# test_pythons.sh: run the unit tests, the protocol's among them, on every other Python of this
# machine, free-threaded ones (3.14t) included. Says which; installs none.
set -eu
cd "$(dirname "$0")/.."
LOG=.run/pythons.log
. packaging/packages.sh
# The first that runs: pyenv puts names into PATH that do not.
find_python() {
    for path in $(command -v "python$1") "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"python$1"; do
        if "$path" -c 0 2>/dev/null; then echo "$path" && return; fi
    done
}
own=$(.venv/bin/python -c 'import sys; print("%d.%d%s" % (*sys.version_info[:2], sys.abiflags))')
NOW=$(cat pyproject.toml packaging/requirements/*.txt | sha256sum)
tried=
failed=
for version in 3.11 3.12 3.13 3.13t 3.14 3.14t 3.15 3.15t; do
    [ "$version" != "$own" ] || continue
    base=$(find_python "$version")
    [ -n "$base" ] || continue
    python=.venv/python$version/bin/python
    if [ "$(cat ".venv/python$version/set-up" 2>/dev/null)" != "$NOW" ]; then
        [ -x $uv ] || { echo "test_pythons: no uv to install for Python $version with" >&2; continue; }
        [ -n "$tried" ] || { clean_pip_environment && configure_uv; }
        $uv venv --quiet --clear --python "$base" ".venv/python$version"
        for name in build build-txws test; do
            install --require-hashes -r packaging/requirements/$name.txt ||
                { tail -n 20 "$LOG" >&2; echo "test_pythons: no packages for Python $version" >&2; exit 1; }
        done
        install -e .
        echo "$NOW" >".venv/python$version/set-up"
    fi
    echo "== unit tests on Python $version"
    "$python" -m pytest tests/unit -n 4 --dist loadfile -q -p no:cacheprovider || failed="$failed $version"
    tried="$tried $version"
done
echo "Python $own is the environment's; also tried:${tried:- no other is here}"
[ -z "$failed" ] || { echo "test_pythons: failed on Python$failed" >&2; exit 1; }
