"""``repack.py SDIST``: write an sdist anew so that the same files give the same bytes.

setuptools puts the time of the build, its order of reading and the builder's name in it.
"""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path

path, epoch = Path(sys.argv[1]), int(os.environ["SOURCE_DATE_EPOCH"])
plain = io.BytesIO()
with (
    tarfile.open(path) as old,
    tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new,
):
    for member in sorted(old.getmembers(), key=lambda entry: entry.name):
        member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.pax_headers = {}
        new.addfile(member, old.extractfile(member) if member.isfile() else None)
with path.open("wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=epoch) as packed:
    packed.write(plain.getvalue())
