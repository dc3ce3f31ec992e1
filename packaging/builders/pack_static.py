"""``pack_static.py FOLDER``: write each static file packed beside it, as tightly as can be."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from dashboard import assets

for path in assets.sources(Path(sys.argv[1])):
    for encoding, ending in assets.ENDINGS.items():
        octets = assets.packed(path.read_bytes(), encoding, 11)
        path.with_name(path.name + ending).write_bytes(octets)
