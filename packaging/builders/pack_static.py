"""``pack_static.py FOLDER``: write each static file packed beside it, as tightly as can be."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from dashboard.web import bundles
from dashboard.web import static_files as assets

folder = Path(sys.argv[1])
for name in (*(path.name for path in assets.sources(folder)), *bundles.names()):
    for encoding, ending in assets.ENDINGS.items():
        octets = assets.packed(assets.plain(name, folder), encoding, 11)
        (folder / (name + ending)).write_bytes(octets)
