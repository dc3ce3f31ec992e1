"""Ask for known vulnerabilities of every pinned version; never call unasked ones good.

pip-audit itself ends with "No known vulnerabilities found" when no package could be looked up.
Ends with 0 when all were asked about and none is vulnerable, 1 when one is, 2 when any could not
be asked about.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PINS = sorted((Path(__file__).resolve().parent / "requirements").glob("*.txt"))
SERVICES = ("pypi", "osv")
CLEAN, VULNERABLE, UNKNOWN = range(3)


def judged(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and what to say of a report, pip-audit's JSON."""
    asked = [one for one in report["dependencies"] if "skip_reason" not in one]
    unasked = [one["name"] for one in report["dependencies"] if "skip_reason" in one]
    found = [(one, flaw) for one in asked for flaw in one["vulns"]]
    said = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in"
        f" {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one, flaw in found
    ]
    said.append(f"{len(asked)} pinned versions asked about, {len(found)} vulnerabilities known")
    if unasked or not asked:
        said.append(
            f"NOT AUDITED: {len(unasked)} could not be asked about"
            f" ({', '.join(unasked[:5])}{', …' if len(unasked) > 5 else ''})"
        )
    return VULNERABLE if found else UNKNOWN if unasked or not asked else CLEAN, said


def ask(service: str) -> tuple[int, list[str]]:
    """Return what a service of advisories tells of the pins."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-s", service, "-f", "json", "--no-deps",
         "--disable-pip", "--progress-spinner", "off", *(f"-r{path}" for path in PINS)],
        capture_output=True, text=True, check=False)  # fmt: skip
    try:
        return judged(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return UNKNOWN, [f"NOT AUDITED: {service} could not be asked: {reason[:300]}"]


def main() -> int:
    """Ask one service after the other until one knows."""
    code = UNKNOWN
    for service in SERVICES:
        code, said = ask(service)
        print("\n".join(f"{service}: {line}" for line in said), flush=True)
        if code != UNKNOWN:
            break
    return code


if __name__ == "__main__":
    sys.exit(main())
