#!/bin/sh
# lock.sh [--upgrade]: pin every dependency with its hashes, for every Python of pyproject.toml.
# A version moves only where it must; with --upgrade all move.
set -eu
cd "$(dirname "$0")/.."
FOLDER=packaging/requirements
UV=.venv/bin/uv
lock() { # NAME ARGUMENTS...
    name=$1
    shift
    $UV pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate ${UPGRADE:+"$UPGRADE"} -o "$FOLDER/$name.txt" "$@" >/dev/null
    sed -i '1i # Made by packaging/lock.sh: each version pinned, each file known by its hash.' "$FOLDER/$name.txt"
}
UPGRADE=${1:-}
lock uv $FOLDER/uv.in
lock build $FOLDER/build.in
lock build-txws $FOLDER/build-txws.in
lock test pyproject.toml --extra demo --extra test --extra lint --extra docs --extra release
lock demo pyproject.toml --extra demo -c $FOLDER/test.txt
lock tools $FOLDER/tools.in
lock captured --no-deps $FOLDER/captured.in
lock atheris $FOLDER/atheris.in
