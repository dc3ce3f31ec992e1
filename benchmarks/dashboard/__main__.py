"""All of it in one run, on the same files: pictures, API, page, a thousand daemons."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from . import api, many, page, pictures

PARTS = ("api", "pictures", "page", "many")


def main() -> None:
    """Print everything; name parts to run only these."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    parser.add_argument("--revision", default="", help="a revision whose page is measured as well")
    parser.add_argument("--uplot", type=Path, help="the folder of the npm package uplot")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    with tempfile.TemporaryDirectory() as folder:
        root, end = Path(folder), int(time.time()) // api.STEP * api.STEP
        rrd_files = api.files(root, end)
        api_cost = api.main(root, end, rrd_files) if "api" in parts else None
        if "pictures" in parts:
            pictures.main(root, api_cost)
        if "page" in parts:
            page.main(root, arguments.revision, arguments.uplot)
    if "many" in parts:
        many.main()


if __name__ == "__main__":
    main()
