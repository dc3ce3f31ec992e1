"""All of it in one run, on the same files: pictures, API, page, a thousand daemons."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from . import api, many, page, pictures


def main() -> None:
    """Print everything; name parts (``api pictures page many``) to run only these."""
    wanted = sys.argv[1:] or ["api", "pictures", "page", "many"]
    with tempfile.TemporaryDirectory() as folder:
        root, end = Path(folder), int(time.time()) // api.STEP * api.STEP
        made = api.files(root, end)
        beside = api.main(root, end, made) if "api" in wanted else None
        if "pictures" in wanted:
            pictures.main(root, beside)
        if "page" in wanted:
            page.main(root)
    if "many" in wanted:
        many.main()


if __name__ == "__main__":
    main()
