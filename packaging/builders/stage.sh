#!/bin/sh
# stage.sh FOLDER: copy the tracked files into FOLDER (which must not exist) and add what a release
# carries beside them: man pages, shell completion, packed static files, ready snippets.
set -eu
umask 022
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-.venv/bin/python}
PYTHON=$(cd "$(dirname "$PYTHON")" && pwd)/$(basename "$PYTHON")
mkdir "$1"
git ls-files -z | tar --create --null --files-from=- --mode=go=rX,u+w | tar --extract --directory "$1"
cd "$1"
export PYTHONDONTWRITEBYTECODE=1

"$PYTHON" -m sphinx -q -W -b man -d ../doctrees docs man
mkdir completions completions/bash completions/zsh
for pair in collectd_fedmsg.cli:collectd-fedmsg dashboard.serve:collectd-fedmsg-dashboard; do
    for shell in bash zsh; do
        name=${pair#*:}
        [ $shell = zsh ] && name=_$name
        "$PYTHON" -m shtab --shell $shell --prog "${pair#*:}" "${pair%:*}.parser" >"completions/$shell/$name"
    done
done
"$PYTHON" packaging/builders/pack_static.py dashboard/static
"$PYTHON" packaging/builders/write_snippets.py packaging/etc
find . -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
