#!/bin/sh
# python.sh OUT: the sdist, and the wheel from that sdist. Needs the `release` extra in .venv.
set -eu
. "$(dirname "$0")/common.sh"
PYTHON=${PYTHON:-$ROOT/.venv/bin/python}
export PYTHON
"$HERE/stage.sh" "$WORK/stage"
cd "$WORK/stage"
"$PYTHON" -m build --no-isolation --sdist --outdir "$OUT" . >"$WORK/log" 2>&1 || { tail -n 40 "$WORK/log" >&2; exit 1; }
SDIST=$OUT/collectd_fedmsg-$VERSION.tar.gz
"$PYTHON" "$HERE/repack.py" "$SDIST"
tar --extract --file "$SDIST" --directory "$WORK"
cd "$WORK/collectd_fedmsg-$VERSION"
"$PYTHON" -m build --no-isolation --wheel --outdir "$OUT" . >"$WORK/log" 2>&1 || { tail -n 40 "$WORK/log" >&2; exit 1; }
