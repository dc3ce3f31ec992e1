#!/bin/sh
# release.sh: rehearse a release. Builds everything twice and compares, checks it, installs each
# package where nothing of this project is, and tries it there. Publishes nothing.
set -eu
cd "$(dirname "$0")/../.."
set -- dist
. packaging/builders/common.sh
PYTHON=$ROOT/.venv/bin/python
say() { printf '== %s\n' "$*"; }

say "version $VERSION, dated $(date --utc --date="@$SOURCE_DATE_EPOCH" +%F)"
grep -q "^$VERSION " CHANGELOG.rst || { echo "CHANGELOG.rst tells nothing of $VERSION" >&2; exit 1; }
[ -z "$(git status --porcelain --untracked-files=no)" ] || say "the tree has changes that are not committed"

say "build, twice"
rm -rf "${OUT:?}"/*
for what in python deb rpm; do
    "$HERE/$what.sh" "$OUT"
    "$HERE/$what.sh" "$WORK/again"
done
(cd "$OUT" && sha256sum -- *) >"$WORK/sums"
(cd "$WORK/again" && sha256sum --quiet --check "$WORK/sums")

say "check"
"$PYTHON" -m twine check --strict "$OUT"/*.whl "$OUT"/*.tar.gz
rpmlint --rpmlintrc packaging/rpm/rpmlintrc "$OUT"/*.rpm "$OUT"/*.spec 2>/dev/null | tail -n 1

say "install and try"
for file in "$OUT"/*.whl "$OUT"/*.tar.gz; do
    rm -rf "$WORK/clean"
    /usr/bin/python3 -m venv "$WORK/clean"
    "$WORK/clean/bin/pip" install --quiet "${file}[dashboard]"
    # As whoever installs it does: the binding is the distribution's.
    ln -s /usr/lib/python3/dist-packages/rrdtool*.so "$WORK"/clean/lib/python3*/site-packages/
    (cd "$WORK" && clean/bin/python "$HERE/smoke.py" "$WORK/clean/bin" "$VERSION")
    echo "   so does $(basename "$file")"
done
copy() { tests/packages/overlay.sh "$ROOT" -- /bin/sh -euc "$1" || { echo "in a copy of this machine: $?" >&2; exit 1; }; }
copy "apt-get -qq -y --no-install-recommends install $OUT/*.deb >/dev/null
    /usr/bin/python3 $HERE/smoke.py /usr/bin $VERSION; echo '   so do the Debian packages'"
copy "rpm -i --nodeps $OUT/*fedmsg-[0-9]*.noarch.rpm $OUT/*-dashboard-*.noarch.rpm
    export PYTHONPATH=\$(echo /usr/lib/python3.*/site-packages)
    /usr/bin/python3 $HERE/smoke.py /usr/bin $VERSION; echo '   so do the RPMs'"
cp "$WORK/sums" "$OUT/SHA256SUMS"
grep -q 'collectd-fedmsg\.example\.org' pyproject.toml &&
    say "pyproject.toml names no real address yet: replace collectd-fedmsg.example.org in all files first"
say "nothing is published. What is in $OUT can be: git tag v$VERSION, twine upload dist/*.whl dist/*.tar.gz,"
say "and the deb and rpm packages with their signatures into a repository."
